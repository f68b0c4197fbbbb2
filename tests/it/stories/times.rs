//! Jobs for later, and jobs that must end in time.

use std::time::Duration;

use common::clock::{Clock as _, SystemClock};
use common::job::JobState;
use serde_json::json;
use tests::{Receiver, Role, Stack};

fn in_ms(ms: u64) -> String {
    SystemClock.now().plus(Duration::from_millis(ms)).to_string()
}

#[tokio::test]
async fn a_delayed_job_runs_when_it_is_due_and_not_before() {
    let stack = Stack::start().await;
    let client = stack.client();
    let job = json!({ "operation": "diagnostic.echo", "run_at": in_ms(1_200) });
    let job = client.submit_job(job).await;
    assert_eq!(job.status, JobState::Scheduled);
    let ended = client.ended(job.id).await;
    assert_eq!(ended.status, JobState::Succeeded);
    let late = ended.started_at.unwrap().as_micros() - job.run_at.as_micros();
    assert!(late >= 0, "started {late} µs early");
    assert!(late < 3_000_000, "started {late} µs late");
}

/// A delay survives a restart of the broker.
#[tokio::test]
async fn a_delay_outlives_the_broker() {
    let mut stack = Stack::start().await;
    let client = stack.client();
    let job = client
        .submit_job(json!({ "operation": "diagnostic.echo", "run_at": in_ms(1_500) }))
        .await
        .id;
    stack.nats.kill();
    stack.nats.resume().await;
    assert_eq!(client.ended(job).await.status, JobState::Succeeded);
}

/// Nobody pulls it: the keeper ends it at its deadline.
#[tokio::test]
async fn a_job_that_nobody_runs_expires() {
    let receiver = Receiver::start().await;
    let stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let job = json!({
        "operation": "diagnostic.echo", "deadline": in_ms(700), "webhook": receiver.url(),
    });
    let job = client.submit_job(job).await.id;
    assert_eq!(client.ended(job).await.status, JobState::Expired);
    assert_eq!(client.result(job).await.error(504), "deadline_exceeded");
    assert_eq!(receiver.wait_for(1).await[0].payload().kind, "job.expired");
}

/// It runs too long: its worker ends it at its deadline, and is free again.
#[tokio::test]
async fn a_job_that_runs_into_its_deadline_expires() {
    let stack = Stack::builder().set("worker.diagnostic.slots", "1").start().await;
    let client = stack.client();
    let job = json!({
        "operation": "diagnostic.sleep", "input": { "ms": 600_000 }, "deadline": in_ms(1_000),
    });
    let job = client.submit_job(job).await.id;
    client.reaches(job, JobState::Running).await;
    assert_eq!(client.ended(job).await.status, JobState::Expired);
    let next = client.submit("diagnostic.echo", json!({})).await.id;
    assert_eq!(client.ended(next).await.status, JobState::Succeeded);
}

/// It waited too long: no worker starts it.
#[tokio::test]
async fn an_expired_job_is_never_started() {
    let mut stack = Stack::builder().without(Role::Worker).without(Role::Keeper).start().await;
    let client = stack.client();
    let job = json!({ "operation": "diagnostic.echo", "deadline": in_ms(300) });
    let job = client.submit_job(job).await;
    tests::eventually("the deadline passes", async || SystemClock.now() > job.deadline.unwrap())
        .await;
    stack.add(Role::Worker).await;
    let ended = client.ended(job.id).await;
    assert_eq!((ended.status, ended.started_at), (JobState::Expired, None));
}
