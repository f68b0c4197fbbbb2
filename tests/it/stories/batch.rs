//! Many jobs in one request.

use std::collections::HashSet;

use common::job::{JobEvent, Lane};
use serde_json::json;
use tests::{Overheard, Spy, Stack};

#[tokio::test]
async fn a_thousand_jobs_are_accepted_at_once_and_all_run() {
    const JOBS: usize = 1_000;
    let stack = Stack::builder().set("worker.diagnostic.slots", "64").start().await;
    let spy = stack.spy(&[Spy::EVENTS]).await;
    let client = stack.client();
    let jobs: Vec<_> =
        (0..JOBS).map(|n| json!({ "operation": "diagnostic.echo", "input": n })).collect();
    let answer = client.post("/v1/jobs/batch").json(&json!({ "jobs": jobs })).send().await;
    let answer = answer.expect(200);
    assert_eq!((&answer["accepted"], &answer["refused"]), (&json!(JOBS), &json!(0)), "{answer}");

    let heard = spy.wait_for("the end of all", |heard| ends(heard).len() == JOBS).await;
    for event in heard.iter().filter_map(Overheard::event).filter(JobEvent::is_terminal) {
        assert_eq!(event.job.lane, Lane::Bulk);
        assert_eq!(
            event.result.unwrap().inline.unwrap().get(),
            event.job.input.as_ref().unwrap().get()
        );
    }
}

fn ends(heard: &[Overheard]) -> HashSet<common::job::JobId> {
    let events = heard.iter().filter_map(Overheard::event).filter(JobEvent::is_terminal);
    events.map(|event| event.job.id).collect()
}

#[tokio::test]
async fn each_job_of_a_batch_is_answered_on_its_own() {
    let stack = Stack::start().await;
    let client = stack.client();
    let jobs = json!({ "jobs": [
        { "operation": "diagnostic.echo" },
        { "operation": "diagnostic.ehco" },
        { "operation": "diagnostic.sleep", "input": { "ms": -1 } },
        { "operation": "diagnostic.echo", "colour": "red" },
        { "operation": "diagnostic.echo", "lane": "normal" },
    ]});
    let answer = client.post("/v1/jobs/batch").json(&jobs).send().await.expect(200);
    let statuses: Vec<_> =
        answer["data"].as_array().unwrap().iter().map(|one| &one["status"]).collect();
    assert_eq!(statuses, [&json!(202), &json!(404), &json!(422), &json!(422), &json!(202)]);
    for index in [0, 4] {
        let id = answer["data"][index]["job"]["id"].as_str().unwrap().parse().unwrap();
        client.ended(id).await;
    }
}

/// A batch that is repeated after its answer was lost runs nothing twice.
#[tokio::test]
async fn a_repeated_batch_is_answered_with_its_jobs() {
    let stack = Stack::start().await;
    let client = stack.client();
    let jobs =
        json!({ "jobs": [{ "operation": "diagnostic.echo" }, { "operation": "diagnostic.echo" }] });
    let send =
        async || client.post("/v1/jobs/batch").idempotent("b").json(&jobs).send().await.expect(200);
    let (first, second) = (send().await, send().await);
    for index in 0..2 {
        assert_eq!(first["data"][index]["job"]["id"], second["data"][index]["job"]["id"]);
        assert_eq!(second["data"][index]["replayed"], true);
    }
    assert_ne!(first["data"][0]["job"]["id"], first["data"][1]["job"]["id"]);
    for entry in first["data"].as_array().unwrap() {
        client.ended(entry["job"]["id"].as_str().unwrap().parse().unwrap()).await;
    }
}
