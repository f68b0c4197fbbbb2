//! Invariant 8: no unbounded anything; past a limit the caller gets a clear error.

use std::time::Instant;

use common::job::JobState;
use serde_json::json;
use tests::{Role, Stack, eventually};

/// Admission stops before the events are full, so that the ends of what was accepted still fit.
#[tokio::test]
async fn what_was_accepted_still_ends_when_the_events_are_full() {
    let mut stack = Stack::builder()
        .without(Role::Worker)
        .limits(|limits| limits.events_bytes = 4_000_000)
        .start()
        .await;
    let client = stack.client();
    let job = json!({ "operation": "diagnostic.echo", "input": "x".repeat(100_000) });
    let mut accepted = Vec::new();
    eventually("the events are full", async || {
        let answer = client.post("/v1/jobs").json(&job).send().await;
        if answer.status == 202 {
            accepted.push(answer.job(202).id);
            return false;
        }
        assert_eq!(answer.error(429), "queue_full");
        assert!(!answer.header("retry-after").is_empty());
        true
    })
    .await;
    assert!(accepted.len() > 10, "{}", accepted.len());
    stack.add(Role::Worker).await;
    for job in accepted {
        assert_eq!(client.ended(job).await.status, JobState::Succeeded);
    }
}

/// A queue of a stated size refuses what does not fit, and takes again when there is room.
#[tokio::test]
async fn a_full_queue_refuses_and_recovers() {
    let mut stack = Stack::builder()
        .without(Role::Worker)
        .limits(|limits| limits.jobs_messages = 5)
        .start()
        .await;
    let client = stack.client();
    let job = json!({ "operation": "diagnostic.echo" });
    for _ in 0..5 {
        client.submit_job(job.clone()).await;
    }
    let refused = client.post("/v1/jobs").json(&job).send().await;
    assert_eq!(refused.error(429), "queue_full");
    assert!(!refused.header("retry-after").is_empty());
    stack.add(Role::Worker).await;
    eventually("there is room", async || {
        client.post("/v1/jobs").json(&job).send().await.status == 202
    })
    .await;
}

/// Waits are cut to their limit.
#[tokio::test]
async fn no_caller_waits_longer_than_the_limit() {
    let stack = Stack::builder().set("gateway.max_wait", "1s").leaves_messages().start().await;
    let client = stack.client();
    let job = json!({ "operation": "diagnostic.sleep", "input": { "ms": 60_000 } });
    let started = Instant::now();
    let answer = client.post("/v1/jobs").prefer("wait=3600").json(&job).send().await;
    let id = answer.job(202).id;
    assert_eq!(answer.header("preference-applied"), "wait=1");
    client.get(&format!("/v1/jobs/{id}?wait=3600")).send().await.job(200);
    assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    client.cancel(id).await;
}
