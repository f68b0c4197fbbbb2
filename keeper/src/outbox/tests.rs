use std::sync::Arc;

use common::clock::{Clock as _, ManualClock, SystemClock, Timestamp};
use common::error_code::ErrorCode;
use common::job::{JobError, JobEvent, Lane, Outcome};
use common::webhook::{Delivery, DeliveryStatus, Endpoint};

use super::*;
use crate::clean::Cleaner;
use crate::record::Recorder;
use crate::record::events::Events;
use crate::testing::{PATIENCE, Surroundings, in_the_past, perform_until};

const URL: &str = "https://receiver.example/hook";

/// What the outbox made of all events so far.
async fn deliveries(around: &Surroundings) -> Vec<Delivery> {
    let mut outbox = Outbox::new(&around.context);
    perform_until(&mut outbox, async || around.is_drained(FixedConsumer::Outbox).await).await;
    let consumer = around.bus().consumer(FixedConsumer::Deliver).await.unwrap();
    let mut found = Vec::new();
    for pulled in consumer.fetch(100, Duration::from_millis(50)).await.unwrap() {
        found.push(serde_json::from_slice(pulled.payload()).unwrap());
        pulled.ack().await.unwrap();
    }
    found
}

async fn register(around: &Surroundings, id: &str, events: &[&str], created_at: Timestamp) {
    let tenant = crate::testing::tenant();
    let endpoint = Endpoint {
        id: id.to_owned(),
        tenant: tenant.clone(),
        url: format!("https://{id}.example"),
        description: String::new(),
        events: events.iter().map(|&name| name.to_owned()).collect(),
        secrets: Vec::new(),
        disabled: None,
        created_at,
    };
    around.context.live.create(&Endpoint::key(&tenant, id), &endpoint).await.unwrap();
}

#[tokio::test]
async fn the_end_of_a_job_is_told_to_its_url() {
    let around = Surroundings::new().await;
    let stored = around.submit(|job| job.webhook = Some(URL.to_owned())).await;
    let running = around.start_run(&stored).await;
    assert!(deliveries(&around).await.is_empty());
    let done = around.succeed(&running).await;
    let made = deliveries(&around).await;
    assert_eq!(made.len(), 1);
    assert_eq!((made[0].url.as_str(), made[0].event_id), (URL, done.event.id));
    let body: serde_json::Value = serde_json::from_str(&made[0].body).unwrap();
    assert_eq!(body["type"], "job.succeeded");
    assert_eq!(body["data"]["job"]["status"], "succeeded");
    assert_eq!(body["data"]["job"]["result"], "done");
    let first = around.bus().last_delivery_event(&made[0].tenant, made[0].id).await.unwrap();
    assert_eq!(first.unwrap().status, DeliveryStatus::Pending);
}

#[tokio::test]
async fn endpoints_hear_of_the_events_they_asked_for() {
    let around = Surroundings::new().await;
    register(&around, "all", &[], in_the_past(60)).await;
    register(&around, "failures", &["job.failed"], in_the_past(60)).await;
    let stored = around.submit(|_| {}).await;
    around.succeed(&stored).await;
    let other = around.submit(|job| job.tenant = "other".parse().unwrap()).await;
    around.succeed(&other).await;
    let made = deliveries(&around).await;
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].endpoint_id.as_deref(), Some("all"));
    assert_eq!(made[0].job_id, Some(stored.event.job.id));
}

#[tokio::test]
async fn calls_and_refused_jobs_are_told_to_nobody() {
    let around = Surroundings::new().await;
    register(&around, "all", &[], in_the_past(60)).await;
    let call = crate::testing::envelope(|job| job.lane = Lane::Interactive);
    let event = JobEvent::submitted(call.into(), &SystemClock);
    let event = crate::testing::succeeded(&event, &SystemClock);
    around.bus().events().create(&event, PATIENCE).await.unwrap();

    let stored = around.write_event(|job| job.webhook = Some(URL.to_owned())).await;
    let refused = JobError::permanent(ErrorCode::Refused, "the queue is full");
    let retention = Duration::from_hours(24);
    let refused =
        stored.event.finished(Outcome::Failed(refused), None, retention, &SystemClock).unwrap();
    around.swap(&refused, &stored).await;
    assert!(deliveries(&around).await.is_empty());
}

/// The keeper died before its ack: the event comes again when the delivery was made, and perhaps sent, long ago.
#[tokio::test]
async fn a_repeated_event_changes_nothing() {
    let around = Surroundings::new().await;
    let stored = around.submit(|job| job.webhook = Some(URL.to_owned())).await;
    around.succeed(&stored).await;
    let made = deliveries(&around).await.remove(0);
    let sent = around.bus().last_delivery_event(&made.tenant, made.id).await.unwrap().unwrap();
    let sent = sent.next(DeliveryStatus::Delivered, SystemClock.now());
    around.bus().publish_delivery_event(&sent, PATIENCE).await.unwrap();

    around.bus().rewind_consumer(FixedConsumer::Outbox, 1).await.unwrap();
    assert!(deliveries(&around).await.is_empty());
    let last = around.bus().last_delivery_event(&made.tenant, made.id).await.unwrap().unwrap();
    assert_eq!(last.status, DeliveryStatus::Delivered);
}

/// The content is removed, which tells the end again: an endpoint registered since then does not hear of it.
#[tokio::test]
async fn an_event_told_again_reaches_no_new_endpoint() {
    let around = Surroundings::new().await;
    let stored = around.submit(|_| {}).await;
    let done = around.succeed(&stored).await;
    let later = SystemClock.now().plus(Duration::from_hours(1));
    register(&around, "late", &[], later).await;
    around.swap(&done.event.without_content(&SystemClock), &done).await;
    assert!(deliveries(&around).await.is_empty());
}

/// The event that an owner removed, or that expired, before the outbox came to it.
#[tokio::test]
async fn an_event_that_is_gone_is_passed_over() {
    let around = Surroundings::new().await;
    let stored = around.submit(|job| job.webhook = Some(URL.to_owned())).await;
    let done = around.succeed(&stored).await;
    around.swap(&done.event.without_content(&SystemClock), &done).await;
    let made = deliveries(&around).await;
    assert_eq!(made.len(), 1, "the end is told once, from the event that is left");
    assert_eq!(made[0].event_id, done.event.id);
}

/// The content goes a day later, when the log of deliveries has forgotten this one: it is not made again.
#[tokio::test]
async fn an_end_that_was_told_is_not_told_again_with_the_removal_of_its_content() {
    let later = SystemClock.now().plus(Duration::from_hours(25));
    let around = Surroundings::at(Arc::new(ManualClock::new(later))).await;
    let stored = around.submit(|job| job.webhook = Some(URL.to_owned())).await;
    let done = around.succeed(&stored).await;
    assert_eq!(deliveries(&around).await.len(), 1);
    let mut recorder = Recorder::<Events>::new(&around.context);
    perform_until(&mut recorder, async || around.is_drained(FixedConsumer::Record).await).await;
    around.bus().purge_deliveries().await;
    Cleaner::new(&around.context).tick().await.unwrap();
    assert!(around.last(done.event.job.id).await.content_removed_at.is_some());
    assert!(deliveries(&around).await.is_empty());
}

/// How many of so many events were worked on, and how many were put back, when some of them are `sound`.
async fn worked_off(count: usize, sound: impl Fn(usize) -> bool) -> (usize, usize) {
    let (worked, put_back) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let events: Vec<usize> = (0..count).collect();
    let work = |event: &usize| {
        let outcome = if sound(*event) { Ok(()) } else { Err(Trouble::StaleConfig) };
        let worked = &worked;
        async move {
            tokio::time::sleep(Duration::from_secs(3)).await;
            worked.fetch_add(1, Ordering::Relaxed);
            outcome
        }
    };
    let back = |_: &usize| {
        put_back.fetch_add(1, Ordering::Relaxed);
        std::future::ready(())
    };
    let _ = work_off(&events, work, back).await;
    (worked.into_inner(), put_back.into_inner())
}

#[tokio::test(start_paused = true)]
async fn an_outage_holds_a_batch_for_seconds_only() {
    let begun = tokio::time::Instant::now();
    let (worked, put_back) = worked_off(FETCH, |_| false).await;
    assert_eq!(worked + put_back, FETCH);
    assert!(worked < 3 * WORKING, "{worked}");
    // Far below the time after which the messages are given to somebody else.
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_few_bad_events_hold_no_other_up() {
    assert_eq!(worked_off(FETCH, |event| event % 50 != 0).await, (FETCH, 0));
}
