use std::sync::Arc;

use common::bus::{FixedConsumer, StoredEvent};
use common::clock::{Clock as _, ManualClock, SystemClock};
use common::error_code::ErrorCode;
use common::job::{JobError, Lane};

use super::*;
use crate::record::Recorder;
use crate::record::events::Events;
use crate::testing::{Surroundings, perform_until, presence, succeeded};

/// Surroundings whose keeper lives later than the requests.
async fn later(by: Duration) -> Surroundings {
    Surroundings::at(Arc::new(ManualClock::new(SystemClock.now().plus(by)))).await
}

/// A job that runs and is to be canceled.
async fn asked(around: &Surroundings) -> StoredEvent {
    let stored = around.submit(|_| {}).await;
    assert!(around.take(Lane::Normal).await.is_some(), "a worker has the message");
    let running = around.start_run(&stored).await;
    around.swap(&running.event.cancel_requested(&SystemClock).unwrap(), &running).await
}

async fn record(around: &Surroundings) {
    let mut recorder = Recorder::<Events>::new(&around.context);
    perform_until(&mut recorder, async || around.is_drained(FixedConsumer::Record).await).await;
}

#[tokio::test]
async fn a_canceled_job_whose_worker_vanished_ends_and_its_message_goes() {
    let around = later(RUNNING_GRACE * 2).await;
    let abandoned = asked(&around).await;
    let owned = asked(&around).await;
    let untouched = around.start_run(&around.submit(|_| {}).await).await;
    around.bus().put_presence(&presence(vec![owned.event.job.id])).await.unwrap();
    record(&around).await;
    let mut canceler = Canceler::new(&around.context);
    assert!(matches!(canceler.tick().await.unwrap(), Next::In(_)));
    let end = around.last(abandoned.event.job.id).await;
    assert_eq!(end.state, JobState::Canceled);
    assert_eq!(end.cancel_requested_at, abandoned.event.cancel_requested_at);
    let job = &abandoned.event.job;
    assert_eq!(around.bus().find_job_message(job).await.unwrap(), None);
    assert_eq!(around.last(owned.event.job.id).await.state, JobState::Running);
    assert_eq!(around.last(untouched.event.job.id).await.state, JobState::Running);

    // Its worker goes, too, or lives and has forgotten it.
    around.bus().put_presence(&presence(Vec::new())).await.unwrap();
    canceler.tick().await.unwrap();
    assert_eq!(around.last(owned.event.job.id).await.state, JobState::Canceled);
}

/// The worker has its time to stop the engine and to say so, even when its presence was not written.
#[tokio::test]
async fn for_a_while_the_end_is_the_workers_to_write() {
    let around = later(RUNNING_GRACE / 2).await;
    let asked = asked(&around).await;
    record(&around).await;
    Canceler::new(&around.context).tick().await.unwrap();
    assert_eq!(around.last(asked.event.job.id).await.state, JobState::Running);
}

/// The records lag behind: the last event decides.
#[tokio::test]
async fn what_moved_since_it_was_recorded_is_left_alone() {
    let around = later(RUNNING_GRACE * 2).await;
    let (ends, waits) = (asked(&around).await, asked(&around).await);
    record(&around).await;
    let done = around.swap(&succeeded(&ends.event, &SystemClock), &ends).await;
    let error = JobError::retryable(ErrorCode::EngineFailed, "again");
    let queued = waits.event.requeued(error, SystemClock.now(), &SystemClock).unwrap();
    let queued = around.swap(&queued, &waits).await;
    Canceler::new(&around.context).tick().await.unwrap();
    for stored in [done, queued] {
        assert_eq!(around.last(stored.event.job.id).await.version, stored.event.version);
    }
}

/// Two keepers at once: one end, whoever is first.
#[tokio::test]
async fn a_job_is_canceled_once() {
    let around = later(RUNNING_GRACE * 2).await;
    let asked = asked(&around).await;
    record(&around).await;
    let (mut first, mut second) = (Canceler::new(&around.context), Canceler::new(&around.context));
    let (one, two) = tokio::join!(first.tick(), second.tick());
    one.unwrap();
    two.unwrap();
    let end = around.last(asked.event.job.id).await;
    assert_eq!((end.state, end.version), (JobState::Canceled, asked.event.version + 1));
}

/// The message of one can not be removed, pass after pass: its stream is gone.
#[tokio::test]
async fn lasting_trouble_with_one_job_does_not_stop_the_others() {
    let around = later(RUNNING_GRACE * 2).await;
    let written = around.write_event(|job| job.capability = "gone".to_owned()).await;
    let running = around.start_run(&written).await;
    let asked_for = running.event.cancel_requested(&SystemClock).unwrap();
    around.swap(&asked_for, &running).await;
    let after = asked(&around).await;
    record(&around).await;
    let mut canceler = Canceler::new(&around.context);
    canceler.tick().await.unwrap_err();
    assert!(matches!(canceler.tick().await.unwrap(), Next::In(_)));
    for stored in [&written, &after] {
        assert_eq!(around.last(stored.event.job.id).await.state, JobState::Canceled);
    }
    // The next pass tries again, because the row is still open.
    canceler.tick().await.unwrap_err();
}

/// A keeper wrote the end and died before it removed the message.
#[tokio::test]
async fn the_message_of_an_end_that_is_not_yet_recorded_goes() {
    let around = later(RUNNING_GRACE * 2).await;
    let asked = asked(&around).await;
    record(&around).await;
    assert!(around.context.end(&asked, Outcome::Canceled).await.unwrap());
    let job = &asked.event.job;
    assert!(around.bus().find_job_message(job).await.unwrap().is_some());
    Canceler::new(&around.context).tick().await.unwrap();
    assert_eq!(around.bus().find_job_message(job).await.unwrap(), None);
}
