use common::bus::FixedConsumer;
use common::clock::{Clock as _, SystemClock};
use common::job::Lane;

use super::*;
use crate::record::Recorder;
use crate::record::events::Events;
use crate::testing::{Surroundings, in_the_past, perform_until, presence};

async fn record(around: &Surroundings) {
    let mut recorder = Recorder::<Events>::new(&around.context);
    perform_until(&mut recorder, async || around.is_drained(FixedConsumer::Record).await).await;
}

#[tokio::test]
async fn a_job_that_nobody_pulled_expires_and_its_message_goes() {
    let around = Surroundings::new().await;
    let overdue = around.submit(|job| job.deadline = Some(in_the_past(1))).await;
    let hour = SystemClock.now().plus(Duration::from_hours(1));
    let scheduled = around
        .submit(|job| {
            job.run_at = Some(hour);
            job.deadline = Some(in_the_past(1));
        })
        .await;
    let in_time = around.submit(|job| job.deadline = Some(hour)).await;
    record(&around).await;
    Expirer::new(&around.context).tick().await.unwrap();
    for job in [&overdue, &scheduled] {
        assert_eq!(around.last(job.event.job.id).await.state, JobState::Expired);
        assert_eq!(around.bus().find_job_message(&job.event.job).await.unwrap(), None);
    }
    assert_eq!(around.last(in_time.event.job.id).await.state, JobState::Queued);
    assert!(around.take(Lane::Normal).await.is_some());
}

#[tokio::test]
async fn a_job_that_runs_is_its_workers_to_end() {
    let around = Surroundings::new().await;
    let just_over = around.submit(|job| job.deadline = Some(in_the_past(1))).await;
    let long_over = around.submit(|job| job.deadline = Some(in_the_past(3600))).await;
    let abandoned = around.submit(|job| job.deadline = Some(in_the_past(3600))).await;
    for stored in [&just_over, &long_over, &abandoned] {
        around.start_run(stored).await;
    }
    around.bus().put_presence(&presence(vec![long_over.event.job.id])).await.unwrap();
    record(&around).await;
    Expirer::new(&around.context).tick().await.unwrap();
    assert_eq!(around.last(just_over.event.job.id).await.state, JobState::Running);
    assert_eq!(around.last(long_over.event.job.id).await.state, JobState::Running);
    assert_eq!(around.last(abandoned.event.job.id).await.state, JobState::Expired);
}

/// Two keepers at once: one end, whoever is first.
#[tokio::test]
async fn a_job_expires_once() {
    let around = Surroundings::new().await;
    let stored = around.submit(|job| job.deadline = Some(in_the_past(1))).await;
    record(&around).await;
    let (mut first, mut second) = (Expirer::new(&around.context), Expirer::new(&around.context));
    let (one, two) = tokio::join!(first.tick(), second.tick());
    one.unwrap();
    two.unwrap();
    assert_eq!(around.last(stored.event.job.id).await.version, 2);
}

/// Written by a newer program: it is left to one, and the jobs after it expire all the same.
#[tokio::test]
async fn an_event_that_can_not_be_read_does_not_stop_the_others() {
    let around = Surroundings::new().await;
    let strange = around.submit(|job| job.deadline = Some(in_the_past(2))).await;
    let overdue = around.submit(|job| job.deadline = Some(in_the_past(1))).await;
    record(&around).await;
    let subject = common::bus::subjects::events(strange.event.job.id);
    around.bus().publish_raw(subject, b"{}").await;
    Expirer::new(&around.context).tick().await.unwrap();
    assert_eq!(around.last(overdue.event.job.id).await.state, JobState::Expired);
}

/// The message of one can not be removed, pass after pass: its stream is gone.
#[tokio::test]
async fn lasting_trouble_with_one_job_does_not_stop_the_others() {
    let around = Surroundings::new().await;
    let troubled = around
        .write_event(|job| {
            job.capability = "gone".to_owned();
            job.deadline = Some(in_the_past(2));
        })
        .await;
    let overdue = around.submit(|job| job.deadline = Some(in_the_past(1))).await;
    record(&around).await;
    let mut expirer = Expirer::new(&around.context);
    expirer.tick().await.unwrap_err();
    assert!(matches!(expirer.tick().await.unwrap(), Next::In(_)));
    for job in [&troubled, &overdue] {
        assert_eq!(around.last(job.event.job.id).await.state, JobState::Expired);
    }
    assert_eq!(around.bus().find_job_message(&overdue.event.job).await.unwrap(), None);
    // The next pass tries again, because the row is still open.
    expirer.tick().await.unwrap_err();
}

/// A keeper or a gateway wrote the end and died before it removed the message.
#[tokio::test]
async fn the_message_of_an_end_that_is_not_yet_recorded_goes() {
    let around = Surroundings::new().await;
    for outcome in [Outcome::Expired, Outcome::Canceled] {
        let stored = around.submit(|job| job.deadline = Some(in_the_past(1))).await;
        record(&around).await;
        assert!(around.context.end(&stored, outcome).await.unwrap());
        let job = &stored.event.job;
        assert!(around.bus().find_job_message(job).await.unwrap().is_some());
        Expirer::new(&around.context).tick().await.unwrap();
        assert_eq!(around.bus().find_job_message(job).await.unwrap(), None);
        assert_eq!(around.last(job.id).await.version, 2);
    }
}
