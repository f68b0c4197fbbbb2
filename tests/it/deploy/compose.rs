//! `compose.yaml` by itself: whatever it names is there.

use std::collections::BTreeSet;
use std::time::Duration;

use common::config::{Config, LoadOptions};
use common::lifecycle::HARD_GRACE;

use super::{check_nats, compose, environment, filled_in, read, services, texts, variables};

/// The keys of a service that are used here; a mistyped one would be ignored or refused far from here.
const KEYS: [&str; 16] = [
    "build",
    "cap_drop",
    "command",
    "depends_on",
    "environment",
    "extra_hosts",
    "healthcheck",
    "image",
    "init",
    "ports",
    "read_only",
    "restart",
    "security_opt",
    "stop_grace_period",
    "tmpfs",
    "volumes",
];

#[test]
fn every_variable_is_one_that_the_operator_is_asked_for() {
    let asked: BTreeSet<_> = filled_in().into_keys().collect();
    assert_eq!(variables(&read("deploy/compose.yaml")), asked);
}

#[test]
fn services_and_volumes_that_are_named_are_there() {
    let compose = compose();
    let services = compose["services"].as_object().unwrap();
    let mut mounted = BTreeSet::new();
    for (name, service) in services {
        for key in service.as_object().unwrap().keys() {
            assert!(KEYS.contains(&key.as_str()), "{name}: {key} is no key of a service");
        }
        for awaited in service["depends_on"].as_object().into_iter().flat_map(|it| it.keys()) {
            let other = services.get(awaited).unwrap_or_else(|| panic!("{name}: no {awaited}"));
            assert!(other["healthcheck"].is_object(), "{name} waits for {awaited}'s health");
        }
        let volumes = texts(&service["volumes"]);
        mounted.extend(volumes.iter().map(|it| it.split(':').next().unwrap().to_owned()));
    }
    let declared: BTreeSet<_> = compose["volumes"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(mounted, declared);
}

/// Each node under its own name; the passwords are the environment's.
#[test]
fn nats_server_reads_what_its_services_start_it_with() {
    let given = filled_in();
    let mut files = BTreeSet::new();
    for (name, service) in services("nats") {
        let arguments = texts(&service["command"]);
        let checked = check_nats(&arguments, &environment(&service, &given));
        let said = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success() && said.contains("is valid"), "{name}: {said}");
        let file = arguments.last().unwrap().replace("/etc/nats", "nats");
        assert!(read(&file).contains(&format!("server_name: {name}")), "{name} runs {file}");
        files.insert(file);
    }
    assert_eq!(files.len(), 3, "two nodes share a file: {files:?}");
}

/// Every role asks for its health where it listens, and is published where it listens.
#[test]
fn health_and_ports_are_those_that_are_listened_on() {
    for (name, service) in services("millrace") {
        let listens = |key: &str| {
            let address = service["environment"][key].as_str();
            address.map(|address| address.rsplit(':').next().unwrap().to_owned())
        };
        let gateway = listens("MILLRACE_GATEWAY__LISTEN");
        let port = gateway.clone().or_else(|| listens("MILLRACE_TELEMETRY__METRICS_LISTEN"));
        let port = port.unwrap_or_else(|| panic!("{name} listens nowhere"));
        let asks = texts(&service["healthcheck"]["test"]);
        assert_eq!(asks.last().unwrap(), &format!("http://127.0.0.1:{port}/readyz"), "{name}");
        for published in texts(&service["ports"]) {
            assert_eq!(published.rsplit(':').next(), gateway.as_deref(), "{name}: {published}");
        }
    }
}

/// What has not ended by then is killed: it must be time enough to drain and to give back.
#[test]
fn every_role_has_the_time_that_its_stop_takes() {
    let config = Config::load(&LoadOptions::default()).unwrap();
    let needed = config.worker.drain_grace + HARD_GRACE;
    for (name, service) in services("millrace") {
        let given = service["stop_grace_period"].as_str().map_or(Duration::from_secs(10), seconds);
        assert!(given > needed, "{name} is killed after {given:?}, and may need {needed:?}");
    }
}

fn seconds(text: &str) -> Duration {
    Duration::from_secs(text.strip_suffix('s').unwrap().parse().unwrap())
}

/// A secret goes to those who need it; a worker runs where one trusts least.
#[test]
fn a_worker_gets_no_secret_but_its_own_password() {
    let worker = &services("millrace")["worker"];
    let environment: Vec<_> = worker["environment"].as_object().unwrap().iter().collect();
    let wants = |secret: &str| {
        environment.iter().any(|(_, value)| value.as_str().unwrap_or_default().contains(secret))
    };
    assert!(wants("MILLRACE_WORKER_PASSWORD"));
    for secret in ["MILLRACE_MASTER_KEY", "POSTGRES_PASSWORD", "MILLRACE_KEEPER_PASSWORD"] {
        assert!(!wants(secret), "a worker is given {secret}");
    }
}
