//! Invariant 4: at least once, and honest about it.

use common::error_code::ErrorCode;
use common::job::JobState;
use serde_json::json;
use tests::{Role, Stack};

/// A worker that vanishes costs an attempt, and the job says so.
#[tokio::test]
async fn a_vanished_worker_costs_an_attempt() {
    let mut stack = Stack::start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.sleep", json!({ "ms": 700 })).await.id;
    client.reaches(job, JobState::Running).await;
    let worker = stack.first(Role::Worker);
    stack.kill_worker(worker).await;
    stack.add(Role::Worker).await;
    let ended = client.ended(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 2));
}

/// A worker that is stopped gives back what it can not finish, and that costs nothing.
#[tokio::test]
async fn a_stopped_worker_costs_nothing() {
    let mut stack = Stack::start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.sleep", json!({ "ms": 700 })).await.id;
    client.reaches(job, JobState::Running).await;
    let worker = stack.first(Role::Worker);
    assert!(stack.stop_hard(worker).await.is_success());
    assert_eq!(client.job(job).await.status, JobState::Queued);
    stack.add(Role::Worker).await;
    let ended = client.ended(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 1));
}

/// A worker that is stopped finishes what it can within its grace.
#[tokio::test]
async fn a_draining_worker_finishes_what_runs() {
    let mut stack = Stack::start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.sleep", json!({ "ms": 700 })).await.id;
    client.reaches(job, JobState::Running).await;
    let worker = stack.first(Role::Worker);
    assert!(stack.stop(worker).await.is_success());
    let ended = client.job(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 1));
}

/// Workers vanish on a job as often as is allowed; then it is kept as a dead letter and not given to another.
#[tokio::test]
async fn a_job_that_kills_its_workers_is_parked() {
    let mut stack = Stack::builder().set("jobs.vanish_limit", "2").start().await;
    let client = stack.client();
    let job =
        json!({ "operation": "diagnostic.sleep", "input": { "ms": 60_000 }, "max_attempts": 9 });
    let job = client.submit_job(job).await.id;
    for attempt in 1..=2 {
        client
            .until(job, "the attempt", |job| {
                job.status == JobState::Running && job.attempt == attempt
            })
            .await;
        let worker = stack.first(Role::Worker);
        stack.kill_worker(worker).await;
        stack.add(Role::Worker).await;
    }
    let ended = client.ended(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Failed, 2));
    assert_eq!(ended.error.unwrap().code, ErrorCode::WorkerLost);
}
