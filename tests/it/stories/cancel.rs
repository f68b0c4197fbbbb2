//! Canceling, in every state of a job.

use std::time::{Duration, Instant};

use common::clock::{Clock as _, SystemClock};
use common::job::JobState;
use serde_json::json;
use tests::upstream::{Answer, End, Upstream};
use tests::{Events, Receiver, Role, Stack};

/// A job that waits, for a worker or for its time, is canceled at once.
#[tokio::test]
async fn a_job_that_waits_is_canceled_at_once() {
    let receiver = Receiver::start().await;
    let stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let later = SystemClock.now().plus(Duration::from_hours(1)).to_string();
    for extra in [json!({}), json!({ "run_at": later })] {
        let mut job = json!({ "operation": "diagnostic.echo", "webhook": receiver.url() });
        job.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        let job = client.submit_job(job).await.id;
        let canceled = client.cancel(job).await;
        assert_eq!(canceled.status, JobState::Canceled);
        assert!(canceled.finished_at.is_some() && canceled.cancel_requested_at.is_some());
        assert_eq!(client.result(job).await.error(409), "canceled");
        // Again, which changes nothing.
        assert_eq!(client.cancel(job).await.version, canceled.version);
    }
    let kinds: Vec<_> = receiver.wait_for(2).await.iter().map(|one| one.payload().kind).collect();
    assert_eq!(kinds, ["job.canceled", "job.canceled"]);
}

/// A job that runs is asked to stop, and its worker is free within a second.
#[tokio::test]
async fn a_job_that_runs_is_stopped() {
    let stack = Stack::builder().set("worker.diagnostic.slots", "1").start().await;
    let client = stack.client();
    let long = client.submit("diagnostic.sleep", json!({ "ms": 600_000 })).await.id;
    client.reaches(long, JobState::Running).await;
    let next = client.submit("diagnostic.echo", json!({})).await.id;
    let asked = Instant::now();
    let running = client.cancel(long).await;
    assert!(running.cancel_requested_at.is_some());
    assert_eq!(client.ended(long).await.status, JobState::Canceled);
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert_eq!(client.ended(next).await.status, JobState::Succeeded);
}

/// A worker that never hears the notice reads it in the event at its next sign of life.
#[tokio::test]
async fn a_lost_notice_is_made_up_for() {
    let stack = Stack::start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.sleep", json!({ "ms": 600_000 })).await.id;
    client.reaches(job, JobState::Running).await;
    // As a gateway does that dies before it sends the notice.
    let last = stack.bus.events().last(job).await.unwrap().unwrap();
    let asked = last.event.cancel_requested(&SystemClock).unwrap();
    stack.bus.events().swap(&asked, last.sequence, Duration::from_secs(5)).await.unwrap();
    assert_eq!(client.ended(job).await.status, JobState::Canceled);
}

/// A streaming caller who goes away cancels the upstream work within a second.
#[tokio::test]
async fn a_caller_who_leaves_a_stream_ends_the_upstream_work() {
    let upstream = Upstream::start(&["tiny"]).await;
    let stack = Stack::builder().llm(&upstream.url()).start().await;
    let client = stack.client();
    client.knows("tiny").await;
    upstream.will(Answer::stream(2, End::Silence));
    let mut stream = Events::of(client.streamed_chat("tiny").open().await).await;
    stream.next().await.unwrap();
    let left = Instant::now();
    drop(stream);
    upstream.clients_left(1).await;
    assert!(left.elapsed() < Duration::from_secs(1), "{:?}", left.elapsed());
}

/// What has ended stays as it is.
#[tokio::test]
async fn an_ended_job_can_not_be_canceled() {
    let stack = Stack::start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.echo", json!({})).await.id;
    let ended = client.ended(job).await;
    let canceled = client.cancel(job).await;
    assert_eq!((canceled.status, canceled.version), (JobState::Succeeded, ended.version));
}

/// The worker vanished under a job that is to be canceled: the next one ends it and does not run it.
#[tokio::test]
async fn a_job_of_a_vanished_worker_is_canceled_by_the_next() {
    let mut stack = Stack::start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.sleep", json!({ "ms": 600_000 })).await.id;
    client.reaches(job, JobState::Running).await;
    let worker = stack.first(Role::Worker);
    stack.kill_worker(worker).await;
    assert!(client.cancel(job).await.cancel_requested_at.is_some());
    stack.add(Role::Worker).await;
    let ended = client.ended(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Canceled, 1));
}
