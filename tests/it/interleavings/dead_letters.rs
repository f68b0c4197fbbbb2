//! Jobs out of attempts (14).

use std::time::Duration;

use common::error_code::ErrorCode;
use common::job::{EventKind, JobError, JobState, Lane};
use serde_json::json;
use tests::{Hand, Overheard, Role, Spy, Stack};

/// Interleaving 14: the dead letter is kept before the job is said to have failed.
#[tokio::test]
async fn a_dead_letter_stands_before_the_failure() {
    let stack = Stack::start().await;
    let spy = stack.spy(&[Spy::EVENTS, Spy::DEAD]).await;
    let job = json!({ "operation": "diagnostic.fail", "max_attempts": 1 });
    let job = stack.client().submit_job(job).await.id;
    assert_eq!(stack.client().ended(job).await.status, JobState::Failed);
    let heard = spy.wait_for("the failure", |heard| heard.iter().any(is_end)).await;
    let letter = heard.iter().position(|one| one.subject == format!("dead.diagnostic.{job}"));
    assert!(letter.is_some() && letter < heard.iter().position(is_end));
}

fn is_end(one: &Overheard) -> bool {
    one.subject.starts_with("feed.") && one.event().is_some_and(|event| event.is_terminal())
}

/// Interleaving 14: the worker dies between the dead letter and the failure. Both are repeated, and there is one.
#[tokio::test]
async fn a_crash_between_dead_letter_and_failure_repeats_both() {
    let mut stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let job = json!({ "operation": "diagnostic.fail", "max_attempts": 1 });
    let job = client.submit_job(job).await.id;
    let mut held = Hand::new(&stack.bus, "dies").take(Lane::Normal).await;
    let mut dead = held.start().await;
    dead.error = Some(JobError::retryable(ErrorCode::EngineFailed, "failed as asked"));
    stack.bus.publish_dead_job(&dead, Duration::from_secs(5)).await.unwrap();

    stack.add(Role::Worker).await;
    let ended = client.ended(job).await;
    assert_eq!(ended.error.unwrap().code, ErrorCode::WorkerLost);
    let nats = async_nats::connect(stack.nats.url()).await.unwrap();
    let letters = async_nats::jetstream::new(nats).get_stream("DEAD_JOBS").await.unwrap();
    assert_eq!(letters.cached_info().state.messages, 1);
}

/// Interleaving 14: a redrive is a job of its own; under the old id it would be discarded as ended.
#[tokio::test]
async fn a_redrive_is_a_new_job() {
    let stack = Stack::start().await;
    let client = stack.client();
    let spy = stack.spy(&[Spy::EVENTS]).await;
    let job = json!({ "operation": "diagnostic.fail", "max_attempts": 1 });
    let dead = client.submit_job(job).await.id;
    assert_eq!(client.ended(dead).await.status, JobState::Failed);
    let again = client.post(&format!("/v1/jobs/{dead}/retry")).send().await.job(202);
    assert_eq!(again.retry_of, Some(dead));
    assert_eq!(client.ended(again.id).await.status, JobState::Failed);
    for job in [dead, again.id] {
        let events = spy.events_of(job);
        let runs = events.iter().filter(|event| event.kind == EventKind::Started).count();
        assert_eq!(runs, 1, "each job ran once");
    }
}
