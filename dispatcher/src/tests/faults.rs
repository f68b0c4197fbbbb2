//! A crash at each step only repeats a POST under the same id, or nothing at all.

use std::time::Duration;

use common::clock::{Clock, SystemClock};
use common::webhook::DeliveryStatus;

use super::harness::Stage;
use crate::testing::{Receiver, Reply, delivery_to, snapshot};

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::test]
async fn dead_after_the_event_of_a_success_nothing_is_sent_again() {
    let mut stage = Stage::without_dispatcher(|_| {}).await;
    let receiver = Receiver::start(Reply::status(200)).await;
    let delivery = delivery_to(&receiver.url(), SystemClock.now());
    let logged = snapshot(&delivery, DeliveryStatus::Delivered, 1, None);
    stage.bus.publish_delivery_event(&logged, PATIENCE).await.unwrap();
    stage.publish(&delivery).await;
    stage.start_dispatcher();
    stage.settled().await;
    assert_eq!(receiver.count(), 0);
}

#[tokio::test]
async fn dead_after_the_event_of_a_failure_the_next_attempt_is_still_made() {
    let mut stage = Stage::without_dispatcher(|_| {}).await;
    let receiver = Receiver::start(Reply::status(200)).await;
    let now = SystemClock.now();
    let delivery = delivery_to(&receiver.url(), now);
    let logged = snapshot(&delivery, DeliveryStatus::Pending, 1, Some(now));
    stage.bus.publish_delivery_event(&logged, PATIENCE).await.unwrap();
    stage.publish(&delivery).await;
    stage.start_dispatcher();
    let event = stage.event(&delivery, |event| event.status == DeliveryStatus::Delivered).await;
    assert_eq!((event.attempt, receiver.count()), (2, 1));
}

#[tokio::test]
async fn dead_after_the_schedule_the_next_attempt_is_made_once() {
    let mut stage = Stage::without_dispatcher(|_| {}).await;
    let receiver = Receiver::start(Reply::status(200)).await;
    let now = SystemClock.now();
    let delivery = delivery_to(&receiver.url(), now);
    let at = now.plus(Duration::from_secs(1));
    let logged = snapshot(&delivery, DeliveryStatus::Pending, 1, Some(at));
    stage.bus.publish_delivery_event(&logged, PATIENCE).await.unwrap();
    stage.bus.schedule_delivery(&delivery.next_attempt(), at, PATIENCE).await.unwrap();
    stage.publish(&delivery).await;
    stage.start_dispatcher();
    stage.event(&delivery, |event| event.status == DeliveryStatus::Delivered).await;
    stage.settled().await;
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn the_broker_may_restart_under_it() {
    let mut stage = Stage::start().await;
    let receiver = Receiver::start(Reply::status(200)).await;
    let now = SystemClock.now();
    let before = delivery_to(&receiver.url(), now);
    stage.publish(&before).await;
    stage.event(&before, |event| event.status == DeliveryStatus::Delivered).await;
    stage.server.kill();
    stage.server.resume().await;
    let after = delivery_to(&receiver.url(), now);
    stage.publish(&after).await;
    stage.event(&after, |event| event.status == DeliveryStatus::Delivered).await;
    stage.settled().await;
}

#[tokio::test]
async fn what_is_no_delivery_is_dropped_and_holds_nobody_up() {
    let stage = Stage::start().await;
    let receiver = Receiver::start(Reply::status(200)).await;
    let mut newer = delivery_to(&receiver.url(), SystemClock.now());
    newer.v = 99;
    stage.publish(&newer).await;
    let delivery = delivery_to(&receiver.url(), SystemClock.now());
    stage.publish(&delivery).await;
    stage.event(&delivery, |event| event.status == DeliveryStatus::Delivered).await;
    // A newer format is kept for a newer program.
    stage.settled_but(1).await;
    assert_eq!(receiver.count(), 1);
}

/// The receiver takes longer than the broker waits for a sign of life: the delivery stays where it is.
#[tokio::test]
async fn a_slow_receiver_is_asked_once() {
    let stage = Stage::start().await;
    let receiver = Receiver::start(Reply::silent()).await;
    let delivery = delivery_to(&receiver.url(), SystemClock.now());
    stage.publish(&delivery).await;
    receiver.wait_for(1).await;
    tokio::time::sleep(stage.bus.ack_wait() * 2).await;
    receiver.set(Reply::status(200));
    stage.event(&delivery, |event| event.status == DeliveryStatus::Delivered).await;
    stage.settled().await;
    assert_eq!(receiver.count(), 1);
}
