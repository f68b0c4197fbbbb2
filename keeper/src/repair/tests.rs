use std::sync::Arc;
use std::time::Duration;

use common::bus::testing::NatsServer;
use common::bus::{Bus, FixedConsumer, OfferedModel, Place, Presence};
use common::clock::{Clock as _, SystemClock};
use common::error_code::ErrorCode;
use common::job::{JobState, Lane};

use super::*;
use crate::duty::Duty as _;
use crate::record::Recorder;
use crate::record::events::Events;
use crate::testing::{Surroundings, follows, perform_until};
use crate::trouble::Trouble;

async fn record(around: &Surroundings) {
    let mut recorder = Recorder::<Events>::new(&around.context);
    perform_until(&mut recorder, async || around.is_drained(FixedConsumer::Record).await).await;
}

/// Two looks a grace apart and a bit.
async fn look_twice(around: &Surroundings, repairer: &mut Repairer) {
    let grace = around.context.config.keeper.repair_grace;
    for _ in 0..3 {
        tokio::time::sleep(grace + Duration::from_millis(20)).await;
        repairer.tick().await.unwrap();
    }
}

/// Interleaving 11: the gateway died between event and message.
#[tokio::test]
async fn a_job_without_a_message_gets_one() {
    let around = Surroundings::new().await;
    let stored = around.write_event(|_| {}).await;
    record(&around).await;
    let mut repairer = Repairer::new(&around.context);
    repairer.tick().await.unwrap();
    let job = &stored.event.job;
    assert_eq!(around.bus().find_job_message(job).await.unwrap(), None, "one look is not enough");
    look_twice(&around, &mut repairer).await;
    let message = around.take(Lane::Normal).await.unwrap();
    assert_eq!(follows(&message).0, stored.sequence);
    assert!(around.take(Lane::Normal).await.is_none());
}

#[tokio::test]
async fn a_job_for_later_gets_its_schedule() {
    let around = Surroundings::new().await;
    let run_at = SystemClock.now().plus(Duration::from_hours(1));
    let stored = around.write_event(|job| job.run_at = Some(run_at)).await;
    record(&around).await;
    look_twice(&around, &mut Repairer::new(&around.context)).await;
    let found = around.bus().find_job_message(&stored.event.job).await.unwrap().unwrap();
    assert_eq!(found.place, Place::Scheduled);
}

/// The queue of one capability is full: its jobs wait, and nobody else's do.
#[tokio::test]
async fn a_full_queue_holds_nobody_else_up() {
    let nats = NatsServer::start().await;
    let mut options = nats.options("small");
    options.limits.jobs_messages = 1;
    let small = Bus::connect(options, Arc::new(SystemClock)).await.unwrap();
    small.ensure_topology().await.unwrap();
    let around = Surroundings::on(nats, Arc::new(SystemClock)).await;
    let first = around.submit(|_| {}).await;
    let refused = around.write_event(|_| {}).await;
    let run_at = SystemClock.now().plus(Duration::from_hours(1));
    let later = around.write_event(|job| job.run_at = Some(run_at)).await;
    record(&around).await;
    let mut repairer = Repairer::new(&around.context);
    look_twice(&around, &mut repairer).await;
    let found = async |job| around.bus().find_job_message(job).await.unwrap();
    assert!(found(&later.event.job).await.is_some());
    assert_eq!(found(&refused.event.job).await, None);

    around.take(Lane::Normal).await.unwrap().pulled.ack().await.unwrap();
    around.succeed(&first).await;
    perform_until(&mut repairer, async || found(&refused.event.job).await.is_some()).await;
}

/// The message of a running job is lost with its worker: the next worker takes over.
#[tokio::test]
async fn a_running_job_without_a_message_gets_one() {
    let around = Surroundings::new().await;
    let stored = around.submit(|_| {}).await;
    let running = around.start_run(&stored).await;
    around.bus().remove_job(&stored.event.job).await.unwrap();
    record(&around).await;
    look_twice(&around, &mut Repairer::new(&around.context)).await;
    let message = around.take(Lane::Normal).await.unwrap();
    assert_eq!(follows(&message).1, running.event.version);
}

#[tokio::test]
async fn jobs_that_are_sound_or_ended_are_left_alone() {
    let around = Surroundings::new().await;
    let waiting = around.submit(|_| {}).await;
    let ended = around.write_event(|_| {}).await;
    record(&around).await;
    // It ends after it was recorded as open.
    around.succeed(&ended).await;
    look_twice(&around, &mut Repairer::new(&around.context)).await;
    assert_eq!(around.bus().find_job_message(&ended.event.job).await.unwrap(), None);
    let message = around.take(Lane::Normal).await.unwrap();
    assert_eq!(follows(&message).0, waiting.sequence);
    assert!(around.take(Lane::Normal).await.is_none());
}

/// Interleaving 12: two keepers find the same job.
#[tokio::test]
async fn two_keepers_repair_a_job_once() {
    let around = Surroundings::new().await;
    around.write_event(|_| {}).await;
    record(&around).await;
    let mut first = Repairer::new(&around.context);
    let mut second = Repairer::new(&around.context);
    tokio::join!(look_twice(&around, &mut first), look_twice(&around, &mut second));
    assert!(around.take(Lane::Normal).await.is_some());
    assert!(around.take(Lane::Normal).await.is_none());
}

/// The broker lost its storage and the job with it: its owner hears of it instead of waiting for ever.
#[tokio::test]
async fn a_job_lost_with_its_stream_is_ended() {
    let around = Surroundings::new().await;
    let stored = around.submit(|_| {}).await;
    record(&around).await;
    let mut renewed = Surroundings::new().await;
    renewed.context.records = around.context.records.clone();
    look_twice(&renewed, &mut Repairer::new(&renewed.context)).await;
    let event = renewed.last(stored.event.job.id).await;
    assert_eq!(event.state, JobState::Failed);
    assert_eq!(event.error.unwrap().code, ErrorCode::Internal);
    record(&renewed).await;
    assert!(renewed.context.records.open_job(stored.event.job.id).await.unwrap().is_none());
}

/// The terminal event came and went before it was recorded.
#[tokio::test]
async fn a_job_that_ended_unrecorded_is_forgotten() {
    use common::clock::ManualClock;
    use std::sync::Arc;

    let clock = Arc::new(ManualClock::new(SystemClock.now()));
    let around = Surroundings::at(clock.clone()).await;
    let stored = around.write_event(|_| {}).await;
    let job = stored.event.job.id;
    record(&around).await;
    let records = &around.context.records;
    around.bus().purge_events(job).await;
    let mut repairer = Repairer::new(&around.context);
    clock.advance(Duration::from_mins(1));
    repairer.tick().await.unwrap();
    let kept = records.has_content(job).await.unwrap();
    assert_eq!(kept, Some(true), "an event may be missed by mistake");
    clock.advance(around.bus().events().retention());
    let mut repairer = Repairer::new(&around.context);
    repairer.tick().await.unwrap();
    assert_eq!(records.has_content(job).await.unwrap(), None);
}

/// Interleaving 15: a consumer is removed while a gateway publishes.
#[tokio::test]
async fn a_missing_consumer_is_made_for_its_messages() {
    let around = Surroundings::new().await;
    around.submit(|_| {}).await;
    for lane in [Lane::Interactive, Lane::Normal, Lane::Bulk] {
        around.bus().remove_lane_consumer("diagnostic", "diagnostic", lane).await.unwrap();
    }
    Consumers::new(&around.context).tick().await.unwrap();
    assert!(around.take(Lane::Normal).await.is_some());
}

/// A cluster may be without a leader for one consumer while it makes others.
#[tokio::test]
async fn a_consumer_that_can_not_be_made_holds_no_other_model_up() {
    let around = Surroundings::new().await;
    let filter = "jobs.diagnostic.bad.bulk.>";
    around.bus().usurp_consumer("JOBS_diagnostic", "bulk-bad", filter).await;
    let models = ["a", "b", "c", "bad", "d", "e", "f"];
    around.bus().put_presence(&offering(&models)).await.unwrap();
    let told = Consumers::new(&around.context).tick().await;
    assert!(matches!(told, Err(Trouble::Bus(_))), "it is tried again: {told:?}");
    for model in models.into_iter().filter(|model| *model != "bad") {
        let made = around.bus().lane_consumer("diagnostic", model, Lane::Normal).await;
        assert!(made.is_ok(), "{model}");
    }
}

/// A message, an open job or a worker: each keeps the consumers of a model.
#[tokio::test]
async fn only_consumers_of_no_use_are_removed() {
    let around = Surroundings::new().await;
    let is_there =
        async || around.bus().lane_consumer("diagnostic", "diagnostic", Lane::Normal).await.is_ok();
    let mut consumers = Consumers::with_disuse(&around.context, Duration::ZERO);
    let stored = around.submit(|_| {}).await;
    consumers.tick().await.unwrap();
    assert!(is_there().await, "a message waits");

    record(&around).await;
    around.take(Lane::Normal).await.unwrap().pulled.ack().await.unwrap();
    consumers.tick().await.unwrap();
    assert!(is_there().await, "a job is open, perhaps in DELAYS");

    around.succeed(&stored).await;
    record(&around).await;
    around.bus().put_presence(&offering(&["diagnostic"])).await.unwrap();
    consumers.tick().await.unwrap();
    assert!(is_there().await, "a worker offers the model");

    around.bus().remove_presence("w1").await.unwrap();
    consumers.tick().await.unwrap();
    assert!(!is_there().await);
    // A worker that comes back finds them again, although nobody submits.
    around.bus().put_presence(&offering(&["diagnostic"])).await.unwrap();
    consumers.tick().await.unwrap();
    assert!(is_there().await);
}

fn offering(models: &[&str]) -> Presence {
    let offered = models.iter().map(|&model| OfferedModel {
        model: model.to_owned(),
        operations: Vec::new(),
        warm: true,
    });
    Presence {
        worker_id: "w1".to_owned(),
        version: String::new(),
        started_at: SystemClock.now(),
        seen_at: SystemClock.now(),
        capabilities: [("diagnostic".to_owned(), offered.collect())].into(),
        slots: 1,
        running: Vec::new(),
        draining: false,
    }
}

/// Takes and gives back a message until the broker gives it up. What else comes is acked.
async fn exhaust(around: &Surroundings, sequence: u64) {
    let consumer =
        around.bus().lane_consumer("diagnostic", "diagnostic", Lane::Normal).await.unwrap();
    let mut deliveries = 0;
    while deliveries < 1000 {
        for message in consumer.take(2, true).await.unwrap() {
            if follows(&message).0 == sequence {
                deliveries += 1;
                message.pulled.nak(None).await.unwrap();
            } else {
                message.pulled.ack().await.unwrap();
            }
        }
    }
    assert!(around.take(Lane::Normal).await.is_none());
    assert_eq!(around.bus().unclaimed_messages("diagnostic").await.unwrap(), 1);
}

/// Interleaving 20 at its very end: every worker died on the message, as often as the broker delivers it.
#[tokio::test]
async fn a_message_that_the_broker_gave_up_ends_its_job() {
    let around = Surroundings::new().await;
    let poison = around.submit(|_| {}).await;
    let sound = around.submit(|_| {}).await;
    exhaust(&around, poison.sequence).await;
    around.succeed(&sound).await;
    let mut parked = Parked::new(&around.context);
    perform_until(&mut parked, async || {
        tokio::time::sleep(Duration::from_millis(50)).await;
        around.last(poison.event.job.id).await.is_terminal()
    })
    .await;
    let event = around.last(poison.event.job.id).await;
    assert_eq!(event.error.unwrap().code, ErrorCode::WorkerLost);
    assert_eq!(around.bus().find_job_message(&poison.event.job).await.unwrap(), None);
    assert_eq!(around.bus().unclaimed_messages("diagnostic").await.unwrap(), 0);
}

#[tokio::test]
async fn a_message_that_was_given_up_and_has_no_job_goes() {
    let around = Surroundings::new().await;
    let poison = around.submit(|_| {}).await;
    exhaust(&around, poison.sequence).await;
    around.bus().purge_events(poison.event.job.id).await;
    let mut parked = Parked::new(&around.context);
    perform_until(&mut parked, async || {
        tokio::time::sleep(Duration::from_millis(50)).await;
        around.bus().unclaimed_messages("diagnostic").await.unwrap() == 0
    })
    .await;
}
