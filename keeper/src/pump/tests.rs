use common::clock::{Clock as _, SystemClock};
use common::error_code::ErrorCode;
use common::job::{EventId, JobError, Lane};
use common::webhook::{Delivery, DeliveryEvent, DeliveryTarget};

use super::*;
use crate::testing::{PATIENCE, Surroundings, follows, perform_until, tenant};

#[tokio::test]
async fn a_job_runs_when_it_is_due() {
    let around = Surroundings::new().await;
    let run_at = SystemClock.now().plus(Duration::from_millis(400));
    let stored = around.submit(|job| job.run_at = Some(run_at)).await;
    assert!(around.take(Lane::Normal).await.is_none());
    let mut pump = Pump::new(&around.context, Destination::Jobs);
    let taken = std::cell::RefCell::new(None);
    perform_until(&mut pump, async || {
        let message = around.take(Lane::Normal).await;
        let there = message.is_some();
        *taken.borrow_mut() = message;
        there
    })
    .await;
    assert!(SystemClock.now() >= run_at);
    let message = taken.into_inner().unwrap();
    assert_eq!(follows(&message).0, stored.sequence);
    assert!(around.is_drained(FixedConsumer::PumpJobs).await);
}

/// A retry is due while the message of the attempt before still lies in the queue: it waits until that one is acked.
#[tokio::test]
async fn a_retry_waits_for_its_predecessor_to_go() {
    let around = Surroundings::new().await;
    let stored = around.submit(|_| {}).await;
    let first = around.take(Lane::Normal).await.unwrap();
    let running = around.start_run(&stored).await;
    let error = JobError::retryable(ErrorCode::EngineFailed, "again");
    let event = running.event.requeued(error, SystemClock.now(), &SystemClock).unwrap();
    let requeued = around.swap(&event, &running).await;
    around.bus().schedule_job(&requeued, PATIENCE).await.unwrap();

    let mut pump = Pump::new(&around.context, Destination::Jobs);
    let handled = async || {
        let position = around.bus().consumer_position(FixedConsumer::PumpJobs).await.unwrap();
        position.ack_pending == 1
    };
    perform_until(&mut pump, handled).await;
    assert!(around.take(Lane::Normal).await.is_none(), "the first attempt still holds the subject");
    first.pulled.ack().await.unwrap();
    perform_until(&mut pump, async || around.is_drained(FixedConsumer::PumpJobs).await).await;
    let second = around.take(Lane::Normal).await.unwrap();
    assert_eq!(follows(&second).1, requeued.event.version);
}

/// The keeper died between the queue's ack and its own: the delay comes again and finds its copy in the queue.
#[tokio::test]
async fn a_repeated_move_is_recognised() {
    let around = Surroundings::new().await;
    let soon = SystemClock.now().plus(Duration::from_millis(100));
    around.submit(|job| job.run_at = Some(soon)).await;
    let consumer = around.bus().consumer(FixedConsumer::PumpJobs).await.unwrap();
    let due = consumer.fetch(1, Duration::from_secs(3)).await.unwrap().remove(0);
    assert_eq!(around.bus().forward_due_job(&due).await.unwrap(), Forwarded::Done);
    assert_eq!(around.bus().forward_due_job(&due).await.unwrap(), Forwarded::Done);
    assert!(around.take(Lane::Normal).await.is_some());
    assert!(around.take(Lane::Normal).await.is_none());
}

#[tokio::test]
async fn a_delivery_is_sent_when_it_is_due() {
    let around = Surroundings::new().await;
    let now = SystemClock.now();
    let target = DeliveryTarget::Url("https://example.com".to_owned());
    let event = EventId::new(&SystemClock);
    let delivery = Delivery::new(event, "job.failed", tenant(), None, target, "{}".to_owned(), now);
    let at = now.plus(Duration::from_millis(200));
    let snapshot = DeliveryEvent::pending(&delivery, at, now);
    around.bus().publish_delivery_event(&snapshot, PATIENCE).await.unwrap();
    around.bus().schedule_delivery(&delivery, at, PATIENCE).await.unwrap();
    let deliver = around.bus().consumer(FixedConsumer::Deliver).await.unwrap();
    let mut pump = Pump::new(&around.context, Destination::Webhooks);
    perform_until(&mut pump, async || {
        let due = deliver.fetch(1, Duration::from_millis(50)).await.unwrap();
        for pulled in &due {
            let found: Delivery = serde_json::from_slice(pulled.payload()).unwrap();
            assert_eq!(found, delivery);
        }
        !due.is_empty()
    })
    .await;
}

#[tokio::test]
async fn a_delay_that_can_not_be_read_is_dropped() {
    let around = Surroundings::new().await;
    around.bus().publish_raw("delays.due.jobs.nobody".to_owned(), b"garbage").await;
    let mut pump = Pump::new(&around.context, Destination::Jobs);
    perform_until(&mut pump, async || around.is_drained(FixedConsumer::PumpJobs).await).await;
}
