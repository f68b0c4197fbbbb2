use std::sync::Arc;
use std::time::Duration;

use common::bus::FixedConsumer;
use common::clock::{Clock as _, SystemClock};
use common::job::{EventId, JobState, Lane};
use common::lifecycle::Lifecycle;
use common::records::{JobFilter, Records};
use common::webhook::{Delivery, DeliveryEvent, DeliveryTarget};

use super::deliveries::Deliveries;
use super::events::Events;
use super::*;
use crate::testing::{self, PATIENCE, Surroundings, perform_until, tenant};

async fn recorded(records: &Records) -> Vec<JobState> {
    let page = records.list_jobs(&JobFilter::of(tenant()), None, 1000).await.unwrap();
    page.items.into_iter().map(|record| record.event.state).collect()
}

fn records_in(folder: &std::path::Path, name: &str) -> Records {
    Records::open(&format!("sqlite://{}/{name}", folder.display())).unwrap()
}

#[tokio::test]
async fn events_are_recorded_and_acked_after_the_commit() {
    let around = Surroundings::new().await;
    for number in 0..5 {
        let stored = around.write_event(|_| {}).await;
        if number == 0 {
            let running = around.start_run(&stored).await;
            around.succeed(&running).await;
        }
    }
    let mut recorder = Recorder::<Events>::new(&around.context);
    perform_until(&mut recorder, async || around.is_drained(FixedConsumer::Record).await).await;
    let mut states = recorded(&around.context.records).await;
    states.sort_by_key(|state| state.as_str());
    assert_eq!(states.len(), 5);
    assert_eq!(states.iter().filter(|state| **state == JobState::Succeeded).count(), 1);
    let position = around.context.records.position("JOB_EVENTS").await.unwrap().unwrap();
    assert_eq!(position.high, 7);
}

#[tokio::test]
async fn content_that_its_owner_removed_leaves_the_records() {
    let around = Surroundings::new().await;
    let running = around.start_run(&around.write_event(|_| {}).await).await;
    let ended = around.succeed(&running).await;
    let mut recorder = Recorder::<Events>::new(&around.context);
    let drained = async || around.is_drained(FixedConsumer::Record).await;
    perform_until(&mut recorder, drained).await;
    around.swap(&ended.event.without_content(&SystemClock), &ended).await;
    perform_until(&mut recorder, drained).await;
    let id = ended.event.job.id;
    let record = around.context.records.job(&tenant(), id).await.unwrap().unwrap();
    assert_eq!(record.event.state, JobState::Succeeded);
    assert_eq!(record.event.id, ended.event.id);
    assert!(record.content_removed_at.is_some());
    assert!(record.event.result.is_none() && record.event.job.input.is_none());
}

#[tokio::test]
async fn snapshots_of_deliveries_are_recorded() {
    let around = Surroundings::new().await;
    let now = SystemClock.now();
    let target = DeliveryTarget::Url("https://example.com".to_owned());
    let event = EventId::new(&SystemClock);
    let delivery = Delivery::new(event, "job.failed", tenant(), None, target, "{}".to_owned(), now);
    let first = DeliveryEvent::pending(&delivery, now, now);
    assert!(around.bus().create_delivery_event(&first, PATIENCE).await.unwrap());
    assert!(!around.bus().create_delivery_event(&first, PATIENCE).await.unwrap());
    let mut recorder = Recorder::<Deliveries>::new(&around.context);
    let drained = async || around.is_drained(FixedConsumer::RecordDeliveries).await;
    perform_until(&mut recorder, drained).await;
    let found = around.context.records.delivery(&tenant(), delivery.id).await.unwrap();
    assert_eq!(found, Some(first));
}

/// SQL is away (its tables are not there yet): events are held, not lost, and recorded as soon as it is back, without
/// waiting for a redelivery.
#[tokio::test]
async fn what_sql_does_not_take_is_held() {
    let mut around = Surroundings::new().await;
    around.context.records = records_in(around.folder.path(), "later.db");
    around.write_event(|_| {}).await;
    let mut recorder = Recorder::<Events>::new(&around.context);
    for _ in 0..3 {
        assert!(recorder.tick().await.is_err());
    }
    around.context.records.migrate().await.unwrap();
    let started = tokio::time::Instant::now();
    perform_until(&mut recorder, async || around.is_drained(FixedConsumer::Record).await).await;
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(recorded(&around.context.records).await.len(), 1);
}

#[tokio::test]
async fn a_message_that_can_not_be_read_does_not_stop_the_others() {
    let around = Surroundings::new().await;
    around.write_event(|_| {}).await;
    around.bus().publish_raw("events.garbage".to_owned(), b"not an event").await;
    around.write_event(|_| {}).await;
    let mut recorder = Recorder::<Events>::new(&around.context);
    perform_until(&mut recorder, async || around.is_drained(FixedConsumer::Record).await).await;
    assert_eq!(recorded(&around.context.records).await.len(), 2);
}

/// SQL refuses one event for its values: the others of its batch are recorded, and it does not come again for ever.
#[tokio::test]
async fn an_event_that_sql_refuses_does_not_stop_the_others() {
    let around = Surroundings::new().await;
    let trigger = "CREATE TRIGGER refuse BEFORE INSERT ON jobs WHEN NEW.lane = 'bulk' \
                   BEGIN SELECT RAISE(ABORT, 'refused'); END";
    common::records::testing::run(&around.context.records, trigger).await;
    for lane in [Lane::Normal, Lane::Bulk, Lane::Normal] {
        around.write_event(|job| job.lane = lane).await;
    }
    let mut recorder = Recorder::<Events>::new(&around.context);
    perform_until(&mut recorder, async || around.is_drained(FixedConsumer::Record).await).await;
    assert_eq!(recorded(&around.context.records).await.len(), 2);
}

/// The records were restored from a backup: what was acked since then is recorded again.
#[tokio::test]
async fn restored_records_catch_up() {
    let mut around = Surroundings::new().await;
    let drained = async |around: &Surroundings| around.is_drained(FixedConsumer::Record).await;
    around.write_event(|_| {}).await;
    let mut recorder = Recorder::<Events>::new(&around.context);
    perform_until(&mut recorder, async || drained(&around).await).await;
    around.context.records.close().await;
    let folder = around.folder.path();
    std::fs::copy(folder.join("records.db"), folder.join("backup.db")).unwrap();

    around.context.records = records_in(folder, "records.db");
    for _ in 0..10 {
        around.write_event(|_| {}).await;
    }
    let mut recorder = Recorder::<Events>::new(&around.context);
    perform_until(&mut recorder, async || drained(&around).await).await;
    assert_eq!(recorded(&around.context.records).await.len(), 11);

    around.context.records = records_in(around.folder.path(), "backup.db");
    assert_eq!(recorded(&around.context.records).await.len(), 1);
    let mut recorder = Recorder::<Events>::new(&around.context);
    let records = around.context.records.clone();
    perform_until(&mut recorder, async || recorded(&records).await.len() == 11).await;
    // And records that are new altogether.
    let records = records_in(around.folder.path(), "new.db");
    records.migrate().await.unwrap();
    around.context.records = records.clone();
    let mut recorder = Recorder::<Events>::new(&around.context);
    perform_until(&mut recorder, async || recorded(&records).await.len() == 11).await;
}

/// The broker lost its storage: the stream of the same name counts from 1 again.
#[tokio::test]
async fn a_new_stream_is_recorded_from_its_beginning() {
    let around = Surroundings::new().await;
    for _ in 0..5 {
        around.write_event(|_| {}).await;
    }
    let mut recorder = Recorder::<Events>::new(&around.context);
    perform_until(&mut recorder, async || around.is_drained(FixedConsumer::Record).await).await;

    let mut renewed = Surroundings::new().await;
    renewed.context.records = around.context.records.clone();
    renewed.write_event(|_| {}).await;
    let mut recorder = Recorder::<Events>::new(&renewed.context);
    perform_until(&mut recorder, async || renewed.is_drained(FixedConsumer::Record).await).await;
    assert_eq!(recorded(&renewed.context.records).await.len(), 6);
    let position = renewed.context.records.position("JOB_EVENTS").await.unwrap().unwrap();
    assert_eq!(position.high, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_keepers_record_together() {
    let around = Surroundings::new().await;
    let lifecycle = Lifecycle::new();
    let url = format!("sqlite://{}/records.db", around.folder.path().display());
    let other = testing::context(
        around.nats.bus().await,
        Records::open(&url).unwrap(),
        Arc::new(SystemClock),
        &lifecycle,
    )
    .await;
    let mut first = Recorder::<Events>::new(&around.context);
    let mut second = Recorder::<Events>::new(&other);
    let submit = async {
        for _ in 0..300 {
            let stored = around.write_event(|_| {}).await;
            let running = around.start_run(&stored).await;
            around.succeed(&running).await;
        }
    };
    let done = async || {
        let position = around.bus().consumer_position(FixedConsumer::Record).await.unwrap();
        position.last_sequence == 900 && position.pending == 0 && position.ack_pending == 0
    };
    tokio::join!(submit, perform_until(&mut first, done), perform_until(&mut second, done));
    let states = recorded(&around.context.records).await;
    assert_eq!(states.len(), 300);
    assert!(states.iter().all(|state| *state == JobState::Succeeded));
    lifecycle.hard().cancel();
}
