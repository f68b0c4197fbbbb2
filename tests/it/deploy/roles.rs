//! The roles as `compose.yaml` starts them: each with its command, its settings and its user of the broker.

use std::collections::BTreeMap;
use std::path::Path;

use common::bus::testing::NatsServer;
use tests::{Process, start_program};

use super::{ROOT, environment, filled_in, read, services, texts};

/// A server with the users and permissions of the cluster.
async fn broker(passwords: &BTreeMap<String, String>, place: &Path) -> NatsServer {
    let nats = Path::new(ROOT).join("nats");
    let mut accounts = read("nats/accounts.conf");
    for (name, password) in passwords {
        accounts = accounts.replace(&format!("${name}"), password);
    }
    std::fs::write(place.join("accounts.conf"), accounts).unwrap();
    std::os::unix::fs::symlink(nats.join("permissions"), place.join("permissions")).unwrap();
    let file = place.join("accounts.conf");
    NatsServer::start_with(&["-c", file.to_str().unwrap()]).await
}

/// What is another here than in a container: addresses and folders. Only what the service sets is changed.
fn at_home(settings: &mut BTreeMap<String, String>, nats: &NatsServer, place: &Path) {
    let place = place.display();
    for (name, value) in [
        ("MILLRACE_NATS__URL", nats.url()),
        ("MILLRACE_NATS__REPLICAS", "1".to_owned()),
        ("MILLRACE_OBJECTS__URL", format!("file://{place}/objects")),
        ("MILLRACE_RECORDS__URL", format!("sqlite://{place}/records.db")),
        ("MILLRACE_GATEWAY__LISTEN", "127.0.0.1:0".to_owned()),
        ("MILLRACE_TELEMETRY__METRICS_LISTEN", "127.0.0.1:0".to_owned()),
        ("MILLRACE_WORKER__WORKSPACE", format!("{place}/work")),
        ("MILLRACE_WORKER__LLM", "http://127.0.0.1:1/v1".to_owned()),
    ] {
        if let Some(setting) = settings.get_mut(name) {
            *setting = value;
        }
    }
}

#[tokio::test]
async fn every_role_starts_with_the_settings_that_it_is_given() {
    let place = tempfile::tempdir().unwrap();
    let given = filled_in();
    let nats = broker(&given, place.path()).await;
    let mut started: Vec<(String, Process)> = Vec::new();
    for (name, service) in services("millrace") {
        let mut settings = environment(&service, &given);
        at_home(&mut settings, &nats, place.path());
        let command = texts(&service["command"]);
        let command: Vec<_> = command.iter().map(String::as_str).collect();
        started.push((name, start_program(&command, settings)));
    }
    for (name, process) in &mut started {
        // `gateway-2` runs a gateway.
        let role = name.split('-').next().unwrap();
        let line = process.says("ready").await;
        assert!(line.starts_with(role), "{name}: {line}");
    }
    assert_eq!(started.len(), 5);
}
