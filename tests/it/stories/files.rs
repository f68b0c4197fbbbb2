//! Files: uploads, parts of them, and signed addresses.

use common::job::{Artifact, JobState, Lane, Outcome};
use common::objects::RunKey;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use tests::{Client, Hand, Role, Stack};

async fn upload(client: &Client, name: &str, bytes: Vec<u8>) -> serde_json::Value {
    let form = Form::new().part("file", Part::bytes(bytes).file_name(name.to_owned()));
    client.post("/v1/files").form(form).send().await.expect(201)
}

#[tokio::test]
async fn an_uploaded_file_is_read_whole_and_in_parts() {
    let stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let bytes: Vec<u8> = (0..=255).cycle().take(200_000).collect();
    let file = upload(&client, "all bytes.bin", bytes.clone()).await;
    assert_eq!(file["bytes"], 200_000);
    let path = format!("/v1/files/{}/content", file["id"].as_str().unwrap());
    let whole = client.get(&path).send().await;
    assert_eq!(whole.bytes, bytes);
    assert!(whole.header("content-disposition").contains("all bytes.bin"));
    assert_eq!(whole.header("etag"), format!("\"{}\"", file["sha256"].as_str().unwrap()));

    let part = client.get(&path).header("range", "bytes=100-355").send().await;
    assert_eq!((part.status.as_u16(), part.header("content-range")), (206, "bytes 100-355/200000"));
    assert_eq!(part.bytes, bytes[100..=355]);
    let tail = client.get(&path).header("range", "bytes=-10").send().await;
    assert_eq!(tail.bytes, bytes[199_990..]);
    let none = client.get(&path).header("range", "bytes=200000-").send().await;
    assert_eq!((none.status.as_u16(), none.header("content-range")), (416, "bytes */200000"));

    let head = client.call(Method::HEAD, &path).send().await;
    assert_eq!((head.header("content-length"), head.bytes.len()), ("200000", 0));
    let known = client.get(&path).header("if-none-match", whole.header("etag")).send().await;
    assert_eq!(known.status, 304);

    client.delete(&format!("/v1/files/{}", file["id"].as_str().unwrap())).send().await;
    assert_eq!(client.get(&path).send().await.error(404), "not_found");
}

/// The address in a result opens the file for everybody, as long as nothing in it is changed.
#[tokio::test]
async fn an_artifact_is_opened_by_its_signed_address() {
    let stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.echo", json!({})).await.id;
    let mut work = Hand::new(&stack.bus, "w").take(Lane::Normal).await;
    work.start().await;
    let key = RunKey { job, run: work.run.id }.artifact("picture.png");
    stack.objects.put(&key, bytes::Bytes::from_static(b"not really")).await.unwrap();
    let artifact = Artifact {
        name: "picture.png".to_owned(),
        key,
        content_type: "image/png".to_owned(),
        bytes: 10,
        sha256: String::new(),
    };
    let outcome =
        Outcome::Succeeded { result: None, artifacts: vec![artifact], usage: None, load_ms: None };
    work.finish(outcome).await;
    work.ack().await;

    let ended = client.ended(job).await;
    assert_eq!(ended.status, JobState::Succeeded);
    let url = &ended.artifacts[0].url;
    let browser = client.with_key("");
    let opened = browser.get(url).send().await;
    assert_eq!((opened.status.as_u16(), opened.text().as_str()), (200, "not really"));
    assert_eq!(opened.header("content-type"), "image/png");
    let part = browser.get(url).header("range", "bytes=4-").send().await;
    assert_eq!((part.status.as_u16(), part.text().as_str()), (206, "really"));

    let other = url.replace("picture.png", "other.png");
    let longer = url.replace("expires=1", "expires=2");
    assert_ne!(&longer, url);
    for forged in [other, longer] {
        assert_eq!(browser.get(&forged).send().await.error(403), "permission_denied");
    }
}

/// A file is given to a job by its id, or with the job in one form.
#[tokio::test]
async fn a_job_gets_its_file_either_way() {
    let stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let file = upload(&client, "a.png", b"one".to_vec()).await;
    let job = json!({
        "operation": "image.convert", "input": { "format": "png" },
        "files": { "source": { "file_id": file["id"] } },
    });
    let by_id = client.submit_job(job).await.id;
    let job = r#"{"operation":"image.convert","input":{"format":"png"}}"#;
    let form = Form::new()
        .text("job", job)
        .part("source", Part::bytes(b"two".to_vec()).file_name("b.png"));
    let by_form = client.post("/v1/jobs").form(form).send().await.job(202).id;
    for (job, content) in [(by_id, "one"), (by_form, "two")] {
        let held = Hand::of(&stack.bus, "w", "ffmpeg", "ffmpeg").take(Lane::Normal).await;
        assert_eq!(held.job.id, job);
        assert_eq!(stack.objects.get(&held.job.files[0].key).await.unwrap(), content);
        client.cancel(job).await;
        held.ack().await;
    }
}
