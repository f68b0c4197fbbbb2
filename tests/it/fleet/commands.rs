//! The commands of an operator against a running fleet: what they print, and their exit codes.

use common::job::JobState;
use serde_json::json;
use tests::{Fleet, Role, eventually, run_program};

#[tokio::test]
async fn keys_are_made_listed_and_revoked() {
    let mut fleet = Fleet::builder().with(Role::Gateway, 2).start().await;
    let made =
        fleet.run(&["--json", "keys", "create", "--tenant", "acme", "--name", "ci"]).await.json();
    let key = made["key"].as_str().unwrap();
    let gateways = fleet.all(Role::Gateway);
    for gateway in &gateways {
        let user = fleet.client_at(*gateway).with_key(key);
        eventually("the key works at every gateway", async || {
            user.get("/v1/jobs").send().await.status == 200
        })
        .await;
        assert_eq!(user.get("/v1/admin/keys").send().await.error(403), "permission_denied");
    }
    let listed = fleet.run(&["--json", "keys", "list"]).await.json();
    let entry = listed["data"].as_array().unwrap().iter().find(|one| one["tenant"] == "acme");
    let id = entry.unwrap()["id"].as_str().unwrap().to_owned();
    assert!(!listed.to_string().contains(key));

    let revoked = fleet.run(&["keys", "revoke", &id]).await;
    assert_eq!((revoked.code, revoked.stdout.trim()), (0, format!("{id} is revoked").as_str()));
    for gateway in gateways {
        let user = fleet.client_at(gateway).with_key(key);
        eventually("the key works no longer", async || {
            user.get("/v1/jobs").send().await.status == 401
        })
        .await;
    }
}

#[tokio::test]
async fn jobs_are_listed_shown_canceled_and_retried() {
    let mut fleet = Fleet::start().await;
    let client = fleet.client();
    let done = client.submit("diagnostic.echo", json!({"n": 1})).await;
    client.ended(done.id).await;
    let id = done.id.to_string();

    let shown = fleet.run(&["--json", "jobs", "show", &id]).await.json();
    assert_eq!((&shown["status"], &shown["result"]), (&json!("succeeded"), &json!({"n": 1})));
    let table = fleet.run(&["jobs", "show", &id]).await;
    assert!(table.code == 0 && table.stdout.contains("succeeded"), "{}", table.stdout);

    let again = fleet.run(&["--json", "jobs", "retry", &id]).await.json();
    assert_eq!(again["retry_of"], json!(id));
    let again = again["id"].as_str().unwrap().parse().unwrap();
    assert_eq!(client.ended(again).await.status, JobState::Succeeded);
    // Lists are of the records, which are a moment behind.
    eventually("both are listed", async || {
        let listed = fleet.run(&["--json", "jobs", "list", "--state", "succeeded"]).await.json();
        listed["data"].as_array().unwrap().len() == 2
    })
    .await;

    let sleeps = client.submit("diagnostic.sleep", json!({"ms": 60_000})).await;
    client.reaches(sleeps.id, JobState::Running).await;
    let canceled = fleet.run(&["--json", "jobs", "cancel", &sleeps.id.to_string()]).await.json();
    assert!(canceled["cancel_requested_at"].is_string(), "{canceled}");
    assert_eq!(client.ended(sleeps.id).await.status, JobState::Canceled);

    let unknown = "01990000-0000-7000-8000-000000000000";
    let missing = fleet.run(&["jobs", "show", unknown]).await;
    assert!(missing.complaint(3).contains("no such job"), "{}", missing.stderr);
}

#[tokio::test]
async fn queues_workers_and_the_doctor_tell_how_it_stands() {
    let mut fleet = Fleet::builder().with(Role::Worker, 2).start().await;
    let client = fleet.client();
    let job = client.submit("diagnostic.echo", json!({})).await;
    client.ended(job.id).await;

    let queues = fleet.run(&["--json", "queues"]).await.json();
    let normal = queues["data"]
        .as_array()
        .unwrap()
        .iter()
        .find(|queue| queue["capability"] == "diagnostic" && queue["lane"] == "normal");
    assert_eq!(normal.unwrap()["delivered_total"], 1);
    let workers = fleet.run(&["--json", "workers"]).await.json();
    assert_eq!(workers["data"].as_array().unwrap().len(), 2);
    assert!(fleet.run(&["workers"]).await.stdout.contains("diagnostic"));

    let doctor = fleet.run(&["--json", "doctor"]).await.json();
    assert_eq!(doctor["ok"], true, "{doctor:#}");
    let found = |check: &str| {
        let all = doctor["findings"].as_array().unwrap();
        all.iter().any(|finding| finding["check"] == check && finding["verdict"] == "good")
    };
    for check in ["nats", "topology", "clock", "records", "gateway"] {
        assert!(found(check), "{check}: {doctor:#}");
    }
}

#[tokio::test]
async fn a_command_without_a_gateway_or_a_key_says_so() {
    let away = [("MILLRACE_URL", "http://127.0.0.1:1"), ("MILLRACE_API_KEY", "mr_x")];
    let away = away.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let ran = run_program(&["jobs", "list"], away).await;
    assert!(
        ran.complaint(4).contains("no gateway answers at http://127.0.0.1:1"),
        "{}",
        ran.stderr
    );

    let dir = tempfile::tempdir().unwrap();
    let ran = run_program(&["--data-dir", dir.path().to_str().unwrap(), "jobs", "list"], []).await;
    assert!(ran.complaint(1).contains("no API key"), "{}", ran.stderr);

    let mut fleet = Fleet::start().await;
    let ran = fleet.run(&["--key", "mr_wrong", "jobs", "list"]).await;
    assert_eq!(ran.code, 1, "{}", ran.stderr);
}

#[tokio::test]
async fn a_mistake_on_the_command_line_ends_with_code_two() {
    for url in ["nonsense", "localhost:8080", "ftp://127.0.0.1"] {
        let ran = run_program(&["--key", "mr_x", "--url", url, "jobs", "list"], []).await;
        assert!(ran.complaint(2).contains("is no address of a gateway"), "{}", ran.stderr);
    }
    let empty = [("MILLRACE_URL".to_owned(), String::new())];
    let ran = run_program(&["--key", "mr_x", "workers"], empty).await;
    assert!(!ran.stderr.contains("is no address"), "empty is as good as not set: {}", ran.stderr);

    let mut fleet = Fleet::builder().with(Role::Gateway, 1).start().await;
    for wrong in [
        &["jobs", "list", "--state", "bogus"][..],
        &["jobs", "list", "--limit", "1000"],
        &["keys", "create", "--tenant", "BAD TENANT"],
    ] {
        let ran = fleet.run(wrong).await;
        assert!(!ran.complaint(2).is_empty(), "{wrong:?}");
    }
}
