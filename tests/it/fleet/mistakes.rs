//! Starts that can not succeed: one line that a person understands, and an exit code.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use common::bus::testing::NatsServer;
use tests::{Fleet, PATIENCE, Ran, Role, Settings, run_program, start_program};

const NOTHING: [(String, String); 0] = [];

fn env(name: &str, value: &str) -> [(String, String); 1] {
    [(name.to_owned(), value.to_owned())]
}

async fn up(data_dir: &str, more: &[&str]) -> Ran {
    let arguments = ["up", "--data-dir", data_dir, "--listen", "127.0.0.1:0"];
    run_program(&[&arguments, more].concat(), NOTHING).await
}

#[tokio::test]
async fn every_mistake_in_the_configuration_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("millrace.toml");
    std::fs::write(&file, "[gateway]\nlisten = \"nowhere\"\n\n[jobs]\nmax_attemps = 3\n").unwrap();
    let ran = run_program(&["gateway", "--config", file.to_str().unwrap()], NOTHING).await;
    let lines = ran.complaints(2);
    let told =
        |parts: &[&str]| lines.iter().any(|line| parts.iter().all(|part| line.contains(part)));
    assert!(told(&["millrace.toml:2:", "[gateway] listen", "nowhere"]), "{lines:#?}");
    assert!(told(&["millrace.toml:5:", "max_attemps", "did you mean max_attempts?"]), "{lines:#?}");
    assert!(told(&["[objects] url", "MILLRACE_OBJECTS__URL"]), "{lines:#?}");

    let ran = run_program(&["keeper"], env("MILLRACE_KEEPER__RECORD_BATCH", "many")).await;
    let lines = ran.complaints(2);
    assert!(lines.iter().any(|line| line.contains("MILLRACE_KEEPER__RECORD_BATCH")), "{lines:#?}");
    let ran = run_program(&["worker"], env("MILLRACE_WORKER__IDD", "x")).await;
    assert!(
        ran.complaints(2).iter().any(|line| line.contains("MILLRACE_WORKER__ID")),
        "{}",
        ran.stderr
    );
}

#[tokio::test]
async fn a_taken_port_is_said_in_one_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
    let listener = TcpListener::bind(taken.unwrap()).unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let dir = tempfile::tempdir().unwrap();
    let arguments = ["up", "--data-dir", dir.path().to_str().unwrap(), "--listen", &address];
    let ran = run_program(&arguments, NOTHING).await;
    assert!(ran.complaint(1).contains(&format!("{address} is taken")), "{}", ran.stderr);
    assert!(!ran.stderr.contains("stopping"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_data_directory_that_can_not_be_written_is_said_in_one_line() {
    // Nobody can make a directory there, not even root.
    let ran = up("/proc/millrace", &[]).await;
    assert!(ran.complaint(1).contains("/proc/millrace can not be written"), "{}", ran.stderr);
}

#[tokio::test]
async fn two_on_one_directory_are_one_too_many() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().to_str().unwrap();
    let arguments = ["up", "--data-dir", path, "--listen", "127.0.0.1:0"];
    let mut first = start_program(&arguments, NOTHING);
    first.says("gateway     ready").await;
    let ran = up(path, &[]).await;
    assert!(ran.complaint(1).contains("another millrace runs on"), "{}", ran.stderr);
    first.terminate();
    assert_eq!(first.ends_within(PATIENCE).await, 0);
}

#[tokio::test]
async fn an_old_nats_server_is_said_in_one_line() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("nats://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let info = r#"INFO {"server_id":"A","version":"2.9.25","go":"go1","host":"127.0.0.1","port":4222,"headers":true,"max_payload":1048576,"proto":1,"jetstream":true}"#;
            let mut writer = stream.try_clone().unwrap();
            let _ = write!(writer, "{info}\r\n");
            for line in BufReader::new(stream).lines().map_while(Result::ok) {
                if line.starts_with("PING") && writer.write_all(b"PONG\r\n").is_err() {
                    break;
                }
            }
        }
    });
    let dir = tempfile::tempdir().unwrap();
    let ran = up(dir.path().to_str().unwrap(), &["--nats", &url]).await;
    let line = "nats-server 2.9.25 is too old: Millrace needs 2.12 or newer";
    assert!(ran.complaint(1).contains(line), "{}", ran.stderr);
}

#[tokio::test]
async fn a_broker_that_is_away_is_said_in_one_line() {
    let mut settings = Settings::default();
    let dir = tempfile::tempdir().unwrap();
    let objects = format!("file://{}", dir.path().display());
    settings.set("nats.url", "nats://127.0.0.1:1").set("nats.connect_timeout", "1s");
    settings.set("objects.url", objects);
    let ran = run_program(&["worker"], settings.environment()).await;
    assert!(ran.complaint(4).contains("is nats-server running there?"), "{}", ran.stderr);
}

#[tokio::test]
async fn wrong_credentials_are_said_in_one_line_and_not_logged_beside_it() {
    let nats = NatsServer::start_with(&["--user", "worker", "--pass", "right"]).await;
    let dir = tempfile::tempdir().unwrap();
    let mut settings = Settings::default();
    settings.set("nats.url", nats.url()).set("nats.user", "worker").set("nats.password", "wrong");
    settings.set("objects.url", format!("file://{}", dir.path().display()));
    let ran = run_program(&["worker"], settings.environment()).await;
    assert!(ran.complaint(1).contains("refuses the credentials of worker"), "{}", ran.stderr);
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
}

#[tokio::test]
async fn an_option_that_is_wrong_is_named_in_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let ran = up(dir.path().to_str().unwrap(), &["--llm", "nonsense"]).await;
    assert!(ran.complaint(2).starts_with("--llm: must be a URL with http://"), "{}", ran.stderr);
}

#[tokio::test]
async fn a_worker_without_an_engine_says_what_to_do() {
    let none = Fleet::builder().without(Role::Gateway).without(Role::Worker);
    let fleet = none.without(Role::Dispatcher).without(Role::Keeper).start().await;
    let mut settings = fleet.settings.clone();
    settings.set("worker.diagnostic.enabled", "false");
    let ran = run_program(&["worker"], settings.environment()).await;
    assert!(ran.complaint(1).contains("no engine"), "{}", ran.stderr);
}
