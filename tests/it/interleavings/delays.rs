//! Everything that waits (2, 13).

use std::collections::HashSet;
use std::time::Duration;

use common::clock::{Clock as _, SystemClock};
use common::error_code::ErrorCode;
use common::job::{EventKind, JobError, JobState, Lane};
use serde_json::json;
use tests::{Hand, Role, Spy, Stack};

/// Interleaving 2: a limit on DELAYS drops schedules that were acked.
#[tokio::test]
async fn no_schedule_of_a_crowd_is_dropped() {
    let stack = Stack::builder().set("worker.diagnostic.slots", "64").start().await;
    let spy = stack.spy(&[Spy::EVENTS]).await;
    let run_at = SystemClock.now().plus(Duration::from_secs(2)).to_string();
    let jobs: Vec<_> = (0..300)
        .map(|n| json!({ "operation": "diagnostic.echo", "input": n, "run_at": run_at }))
        .collect();
    let batch = stack.client().post("/v1/jobs/batch").json(&json!({ "jobs": jobs })).send().await;
    assert_eq!(batch.expect(200)["accepted"], 300);

    spy.wait_for("the end of all", |heard| {
        let ended = heard.iter().filter_map(tests::Overheard::event);
        let ended = ended.filter(|event| event.state == JobState::Succeeded);
        ended.map(|event| event.job.id).collect::<HashSet<_>>().len() == 300
    })
    .await;
}

/// Interleaving 13: the worker dies between the event of the next attempt and its schedule. The old message comes
/// again, and whoever gets it schedules anew before it acks.
#[tokio::test]
async fn a_retry_whose_schedule_was_never_made_runs_once() {
    let mut stack = Stack::builder().without(Role::Worker).start().await;
    let spy = stack.spy(&[Spy::EVENTS]).await;
    let job = stack.client().submit("diagnostic.echo", json!({})).await.id;
    let mut held = Hand::new(&stack.bus, "dies").take(Lane::Normal).await;
    held.start().await;
    let error = JobError::retryable(ErrorCode::EngineFailed, "not this time");
    let requeued = held.believed().event.requeued(error, SystemClock.now(), &SystemClock).unwrap();
    held.write(requeued).await.unwrap();

    stack.add(Role::Worker).await;
    let ended = stack.client().ended(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 2));
    let events = spy.events_of(job);
    let started = events.iter().filter(|event| event.kind == EventKind::Started);
    assert_eq!(started.map(|event| event.attempt).collect::<Vec<_>>(), [1, 2]);
}

/// Interleaving 13: the event of the next attempt, its schedule, the ack of the old message; never another order.
#[tokio::test]
async fn a_retry_is_recorded_then_scheduled_then_acked() {
    let stack = Stack::start().await;
    let spy = stack.spy(&[Spy::EVENTS, "delays.at.*", Spy::SETTLEMENTS]).await;
    let job = stack.client().submit("diagnostic.fail", json!({ "times": 1 })).await.id;
    let ended = stack.client().ended(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 2));

    let heard = spy.all();
    let event = heard
        .iter()
        .position(|one| one.event().is_some_and(|e| e.state == JobState::Queued && e.attempt == 2));
    let schedule = heard.iter().position(|one| one.subject.starts_with("delays.at."));
    let ack = heard.iter().position(|one| {
        one.settlement().is_some_and(|s| s.stream == "JOBS_diagnostic" && s.kind == "+ACK")
    });
    assert!(
        event.is_some() && event < schedule && schedule < ack,
        "{event:?} {schedule:?} {ack:?}"
    );
}

/// Interleaving 13: the worker dies between the schedule and the ack of the old message. The new message must not be
/// refused for the old one's sake, nor run beside it.
#[tokio::test]
async fn a_retry_whose_old_message_was_never_acked_runs_once() {
    let mut stack = Stack::builder().without(Role::Worker).start().await;
    let spy = stack.spy(&[Spy::EVENTS]).await;
    let job = stack.client().submit("diagnostic.echo", json!({})).await.id;
    let mut held = Hand::new(&stack.bus, "dies").take(Lane::Normal).await;
    held.start().await;
    let error = JobError::retryable(ErrorCode::EngineFailed, "not this time");
    let requeued = held.believed().event.requeued(error, SystemClock.now(), &SystemClock).unwrap();
    held.write(requeued).await.unwrap();
    stack.bus.schedule_job(held.believed(), Duration::from_secs(5)).await.unwrap();

    stack.add(Role::Worker).await;
    let ended = stack.client().ended(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 2));
    let events = spy.events_of(job);
    assert_eq!(events.iter().filter(|event| event.kind == EventKind::Started).count(), 2);
}
