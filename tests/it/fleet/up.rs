//! Everything in one process, as on a laptop.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use async_nats::{ConnectErrorKind, ConnectOptions};
use common::bus::testing::free_port;
use common::clock::{Clock as _, SystemClock};
use common::job::JobState;
use serde_json::json;
use tests::{Client, Process, Receiver, is_alive, run_program, start_program};

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

fn mode(dir: &Path, name: &str) -> u32 {
    let file = std::fs::metadata(dir.join(name)).expect("the file is there");
    file.permissions().mode() & 0o777
}

fn text(path: impl AsRef<Path>) -> String {
    String::from_utf8_lossy(&std::fs::read(path).expect("the file is there")).into_owned()
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
    assert_eq!((mode(&dir, "admin.key"), mode(&dir, "master.key")), (0o600, 0o600));
    assert_eq!(mode(&dir, ""), 0o700);

    let job = client.submit("diagnostic.echo", json!({"n": 1})).await;
    assert_eq!(client.ended(job.id).await.status, JobState::Succeeded);
    up.terminate();
    assert_eq!(up.ends_within(Duration::from_secs(20)).await, 0);
    assert!(up.descendants().is_empty());
    assert!(!dir.join("nats/pid").exists());
}

/// Everybody on the machine reaches its port; jobs and keys are the owner's alone.
#[tokio::test]
async fn its_nats_server_refuses_whoever_has_no_password() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path();
    let (mut up, _) = up(dir).await;
    let line = up.said("nats        ready").expect("it is said before the gateway");
    let url = line.split_whitespace().last().unwrap();
    let password = text(dir.join("nats.password")).trim().to_owned();
    assert!(password.len() > 40, "it is guessed");
    let login = |word: &str| ConnectOptions::with_user_and_password("millrace".into(), word.into());
    let refused = [async_nats::connect(url).await, login("").connect(url).await];
    for refused in refused {
        let error = refused.expect_err("a stranger is let in");
        assert_eq!(error.kind(), ConnectErrorKind::AuthorizationViolation, "{error}");
    }
    login(&password).connect(url).await.expect("the owner is let in");

    assert_eq!((mode(dir, "nats.password"), mode(dir, "nats/server.conf")), (0o600, 0o600));
    let mut seen = vec![up.last_words(), text(dir.join("nats/server.log"))];
    let children = up.descendants().into_iter().map(|(id, _)| id);
    for id in children.chain([up.pid()]) {
        seen.extend(["cmdline", "environ"].map(|name| text(format!("/proc/{id}/{name}"))));
    }
    assert!(!seen.iter().any(|text| text.contains(&password)), "the password is shown");
    let path = dir.to_str().unwrap();
    let told = run_program(&["doctor", "--data-dir", path], []).await.stdout;
    assert!(told.contains("nats-server 2.") && told.contains("every stream is there"), "{told}");
    up.terminate();
    assert_eq!(up.ends_within(Duration::from_secs(20)).await, 0);
}

/// As it was left by a version that knew no password, its nats-server still running.
#[tokio::test]
async fn a_directory_without_a_password_gets_one_and_goes_on() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path();
    let (mut first, client) = up(dir).await;
    let done = client.submit("diagnostic.echo", json!({"n": 1})).await.id;
    client.ended(done).await;
    first.terminate();
    assert_eq!(first.ends_within(Duration::from_secs(20)).await, 0);
    std::fs::remove_file(dir.join("nats.password")).unwrap();
    let (config, store) = (dir.join("nats/server.conf"), dir.join("nats/store"));
    let (port, store) = (free_port(), store.display());
    let open = format!("listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: \"{store}\" }}\n");
    std::fs::write(&config, open).unwrap();
    std::fs::set_permissions(&config, Permissions::from_mode(0o644)).unwrap();
    let mut old = Command::new(common::bus::testing::binary());
    let mut old = old.arg("-c").arg(&config).stderr(Stdio::null()).spawn().unwrap();
    std::fs::write(dir.join("nats/pid"), old.id().to_string()).unwrap();

    let (mut second, client) = up(dir).await;
    assert!(old.try_wait().unwrap().is_some(), "the old server still runs");
    assert_eq!(client.ended(done).await.status, JobState::Succeeded);
    let next = client.submit("diagnostic.echo", json!({"n": 2})).await.id;
    assert_eq!(client.ended(next).await.status, JobState::Succeeded);
    assert_eq!((mode(dir, "nats.password"), mode(dir, "nats/server.conf")), (0o600, 0o600));
    let line = second.said("nats        ready").unwrap();
    let stranger = async_nats::connect(line.split_whitespace().last().unwrap()).await;
    assert!(stranger.is_err(), "a stranger is let in");
    second.terminate();
    assert_eq!(second.ends_within(Duration::from_secs(20)).await, 0);
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
