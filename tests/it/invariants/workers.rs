//! Invariant 10: workers dial out only, hold no SQL credentials, and get no URL of a caller.

use common::job::Lane;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use tests::{Fleet, Hand, Receiver, Role, Stack};

/// The sockets of a process that listen.
fn listening(pid: u32) -> Vec<String> {
    let sockets: Vec<String> = std::fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|entry| {
            std::fs::read_link(entry.ok()?.path()).ok()?.into_os_string().into_string().ok()
        })
        .filter_map(|link| Some(link.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned()))
        .collect();
    let mut found = Vec::new();
    for table in ["tcp", "tcp6"] {
        let text = std::fs::read_to_string(format!("/proc/{pid}/net/{table}")).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            // 0A is LISTEN; the tenth field is the socket's inode.
            if fields[3] == "0A" && sockets.iter().any(|inode| inode == fields[9]) {
                found.push(fields[1].to_owned());
            }
        }
    }
    found
}

#[tokio::test]
async fn a_worker_opens_no_port() {
    let mut fleet = Fleet::builder().without(Role::Dispatcher).without(Role::Keeper).start().await;
    let (gateway, worker) = (fleet.first(Role::Gateway), fleet.first(Role::Worker));
    assert_eq!(listening(fleet[gateway].pid()).len(), 1, "this test sees what listens");
    assert_eq!(listening(fleet[worker].pid()), Vec::<String>::new());
}

/// A worker that is given neither records nor master key starts and works.
#[tokio::test]
async fn a_worker_needs_no_secret_of_ours() {
    let mut fleet = Fleet::builder().without(Role::Worker).without(Role::Dispatcher).start().await;
    fleet
        .add_with(Role::Worker, |settings| {
            settings.set("records.url", "").set("security.master_key", "");
        })
        .await;
    let client = fleet.client();
    let job = client.submit("diagnostic.echo", json!(1)).await.id;
    client.ended(job).await;
    assert_eq!(client.result(job).await.text(), "1");
}

/// What a caller gives by URL reaches the worker as a key of the object store.
#[tokio::test]
async fn a_worker_gets_keys_and_no_urls() {
    let source = Receiver::start().await;
    source.answers(200);
    let stack = Stack::builder()
        .without(Role::Worker)
        .without(Role::Keeper)
        .leaves_messages()
        .start()
        .await;
    let client = stack.client();
    let form = Form::new().part("file", Part::bytes(b"P6 1 1 255 abc".to_vec()).file_name("a.ppm"));
    let file = client.post("/v1/files").form(form).send().await.expect(201);
    for given in [json!({ "url": source.url() }), json!({ "file_id": file["id"] })] {
        let job = json!({
            "operation": "image.convert", "input": { "format": "png" }, "files": { "source": given },
        });
        let job = client.submit_job(job).await.id;
        let held = Hand::of(&stack.bus, "w", "ffmpeg", "ffmpeg").take(Lane::Normal).await;
        assert_eq!(held.job.id, job);
        let message = String::from_utf8_lossy(held.message.payload()).into_owned();
        assert!(!message.contains("http"), "{message}");
        stack.objects.head(&held.job.files[0].key).await.unwrap();
        held.ack().await;
    }
}
