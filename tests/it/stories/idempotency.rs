//! Requests that are repeated under one key.

use common::job::JobState;
use futures::future::join_all;
use serde_json::json;
use tests::upstream::Upstream;
use tests::{Overheard, Role, Spy, Stack};

#[tokio::test]
async fn the_same_key_and_body_is_the_same_job() {
    let stack = Stack::start().await;
    let client = stack.client();
    let job = json!({ "operation": "diagnostic.echo", "input": 1 });
    let first = client.post("/v1/jobs").idempotent("k").json(&job).send().await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let id = first.job(202).id;
    client.ended(id).await;
    let again = client.post("/v1/jobs").idempotent("k").json(&job).send().await;
    assert_eq!(again.header("idempotent-replayed"), "true");
    let again = again.job(202);
    assert_eq!((again.id, again.status), (id, JobState::Succeeded));

    let other = json!({ "operation": "diagnostic.echo", "input": 2 });
    let other = client.post("/v1/jobs").idempotent("k").json(&other).send().await;
    assert_eq!(other.error(422), "idempotency_mismatch");
}

/// Callers, or one that retries, send it to two gateways at the same time: one job, and it runs once.
#[tokio::test]
async fn concurrent_requests_under_one_key_are_one_job() {
    let stack = Stack::builder().with(Role::Gateway, 2).start().await;
    let spy = stack.spy(&[Spy::EVENTS]).await;
    let gateways: Vec<_> =
        stack.all(Role::Gateway).into_iter().map(|id| stack.client_at(id)).collect();
    let job = json!({ "operation": "diagnostic.echo" });
    let calls = (0..20).map(|n| gateways[n % 2].post("/v1/jobs").idempotent("k").json(&job).send());
    let answers = join_all(calls).await;
    let id = answers[0].job(202).id;
    for answer in &answers {
        assert_eq!(answer.job(202).id, id);
    }
    let replayed = answers.iter().filter(|one| one.header("idempotent-replayed") == "true").count();
    assert_eq!(replayed, 19);
    assert_eq!(gateways[0].ended(id).await.attempt, 1);
    let is_end = |heard: &Overheard| heard.event().is_some_and(|event| event.is_terminal());
    spy.wait_for("the end", |heard| heard.iter().any(is_end)).await;
    assert_eq!(spy.events().len(), 3, "queued, started, succeeded");
}

/// The first request was cut off between event and message; there is no keeper. The repeated one brings the message.
#[tokio::test]
async fn a_repeated_request_completes_the_first() {
    let mut stack = Stack::builder().without(Role::Worker).without(Role::Keeper).start().await;
    let client = stack.client();
    let job = json!({ "operation": "diagnostic.echo" });
    let send = async || client.post("/v1/jobs").idempotent("k").json(&job).send().await.job(202);
    let id = send().await.id;
    let envelope = stack.bus.events().last(id).await.unwrap().unwrap().event.job;
    stack.bus.remove_job(&envelope).await.unwrap();
    // The broker takes the same message id again only when it has forgotten the first one, as after a restart.
    stack.nats.kill();
    stack.nats.resume().await;
    tests::eventually("the request is repeated", async || {
        client.post("/v1/jobs").idempotent("k").json(&job).send().await.status == 202
    })
    .await;
    assert!(stack.bus.find_job_message(&envelope).await.unwrap().is_some());
    stack.add(Role::Worker).await;
    assert_eq!(client.ended(id).await.status, JobState::Succeeded);
}

/// A synchronous call with a key is durable: the repeated one has the same answer, from the same run.
#[tokio::test]
async fn a_repeated_call_is_answered_with_the_first_result() {
    let upstream = Upstream::start(&["tiny"]).await;
    let stack = Stack::builder().llm(&upstream.url()).start().await;
    let client = stack.client();
    client.knows("tiny").await;
    let first = client.chat("tiny").idempotent("k").send().await;
    let again = client.chat("tiny").idempotent("k").send().await;
    assert_eq!(first.expect(200), again.expect(200));
    assert_eq!(first.header("x-millrace-job"), again.header("x-millrace-job"));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(upstream.asked().len(), 1);
}
