//! Everything in one process, as on a laptop.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use common::clock::{Clock as _, SystemClock};
use common::job::JobState;
use serde_json::json;
use tests::{Client, Process, Receiver, is_alive, start_program};

/// Starts `up` on a directory, and waits until it is ready.
async fn up(dir: &Path) -> (Process, Client) {
    let path = dir.to_str().expect("a plain path");
    let arguments = [
        ["up", "--data-dir", path, "--listen", "127.0.0.1:0", "--diagnostic"].as_slice(),
        &["--egress-allow", "127.0.0.0/8"],
    ]
    .concat();
    let environment = [("MILLRACE_JOBS__ACK_WAIT", "2s"), ("MILLRACE_KEEPER__REPAIR_GRACE", "1s")];
    let environment = environment.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let mut process = start_program(&arguments, environment);
    let line = process.says("gateway     ready").await;
    let url = line.split_whitespace().last().expect("the line ends with the address").to_owned();
    let key = std::fs::read_to_string(dir.join("admin.key")).expect("the key is kept");
    (process, Client::new(&url, key.trim()))
}

#[tokio::test]
async fn one_line_per_role_and_a_key_for_the_owner_alone() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("data");
    let (mut up, client) = up(&dir).await;
    for line in ["nats        ready", "keeper      ready", "dispatcher  ready", "worker      ready"]
    {
        assert!(up.said(line).is_some(), "{line}: {}", up.last_words());
    }
    let mode = |name: &str| {
        let file = std::fs::metadata(dir.join(name)).expect("the file is there");
        file.permissions().mode() & 0o777
    };
    assert_eq!((mode("admin.key"), mode("master.key"), mode("")), (0o600, 0o600, 0o700));

    let job = client.submit("diagnostic.echo", json!({"n": 1})).await;
    assert_eq!(client.ended(job.id).await.status, JobState::Succeeded);
    up.terminate();
    assert_eq!(up.ends_within(Duration::from_secs(20)).await, 0);
    assert!(up.descendants().is_empty());
    assert!(!dir.join("nats/pid").exists());
}

#[tokio::test]
async fn after_a_kill_the_next_start_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let (mut first, client) = up(dir.path()).await;
    let soon = SystemClock.now().plus(Duration::from_secs(4));
    let scheduled =
        json!({"operation": "diagnostic.echo", "run_at": soon, "webhook": receiver.url()});
    let scheduled = client.submit_job(scheduled).await;
    let runs = client.submit("diagnostic.sleep", json!({"ms": 2_000})).await;
    client.reaches(runs.id, JobState::Running).await;
    let server: Vec<_> = first.descendants();
    assert!(server.iter().any(|(_, name)| name == "nats-server"), "{server:?}");
    first.kill();

    // The nats-server of the one that was killed lives on; two must never share a store.
    let (mut second, client) = up(dir.path()).await;
    for (id, _) in server.iter().filter(|(_, name)| name == "nats-server") {
        assert!(!is_alive(*id), "the orphan {id} still runs");
    }
    assert_eq!(client.ended(scheduled.id).await.status, JobState::Succeeded);
    let again = client.ended(runs.id).await;
    assert_eq!((again.status, again.attempt), (JobState::Succeeded, 2));
    let told = receiver.wait_for(1).await;
    told[0].verify(&client.webhook_secret().await);
    second.terminate();
    assert_eq!(second.ends_within(Duration::from_secs(20)).await, 0);
}
