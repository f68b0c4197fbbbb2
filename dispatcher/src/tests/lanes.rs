//! A dead or slow destination never delays another.

use std::time::Duration;

use common::clock::{Clock, SystemClock};
use common::webhook::DeliveryStatus;
use tokio::time::Instant;

use super::harness::Stage;
use crate::testing::{Receiver, Reply, delivery_to};

#[tokio::test]
async fn a_silent_destination_does_not_delay_another() {
    let stage = Stage::with(|config| {
        config.dispatcher.concurrency = 16;
        config.dispatcher.per_destination = 4;
    })
    .await;
    let dead = Receiver::start(Reply::silent()).await;
    let well = Receiver::start(Reply::status(200)).await;
    let now = SystemClock.now();
    for _ in 0..200 {
        stage.publish(&delivery_to(&dead.url(), now)).await;
    }
    dead.wait_for(2).await;
    let start = Instant::now();
    for _ in 0..50 {
        stage.publish(&delivery_to(&well.url(), now)).await;
    }
    well.wait_for(50).await;
    // A single timeout of the dead one takes 15 s.
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!(dead.count(), 2);
}

#[tokio::test]
async fn what_its_lane_can_not_take_waits_without_spending_an_attempt() {
    let stage = Stage::with(|config| {
        config.dispatcher.concurrency = 8;
        config.dispatcher.per_destination = 2;
        config.dispatcher.total_timeout = Duration::from_millis(300);
        config.dispatcher.schedule = [0, 3_600].map(Duration::from_secs).to_vec();
    })
    .await;
    let receiver = Receiver::start(Reply::silent()).await;
    let now = SystemClock.now();
    let deliveries: Vec<_> = (0..30).map(|_| delivery_to(&receiver.url(), now)).collect();
    for delivery in &deliveries {
        stage.publish(delivery).await;
    }
    // The first ten time out and open the breaker; the others are put back.
    stage.settled().await;
    assert!((10..15).contains(&receiver.count()), "{}", receiver.count());
    let mut put_back = 0;
    for delivery in &deliveries {
        let event = stage.event(delivery, |event| event.status == DeliveryStatus::Pending).await;
        put_back += usize::from(event.attempt == 0);
        assert_eq!(event.attempts.len() as u32, event.attempt);
        assert!(event.next_at.is_some());
    }
    assert!(put_back >= 15, "{put_back}");
    assert!(stage.metrics.encode().contains("millrace_delivery_open_breakers 1"));
}

#[tokio::test]
async fn a_burst_at_one_destination_goes_through_at_its_pace() {
    let stage = Stage::start().await;
    let receiver = Receiver::start(Reply::status(200)).await;
    let now = SystemClock.now();
    for _ in 0..500 {
        stage.publish(&delivery_to(&receiver.url(), now)).await;
    }
    receiver.wait_for(500).await;
    stage.settled().await;
    assert_eq!(receiver.count(), 500);
}
