//! What a stop does to deliveries that are under way.

use std::time::Duration;

use common::clock::{Clock, SystemClock};
use common::lifecycle::ExitStatus;
use common::webhook::DeliveryStatus;

use super::harness::Stage;
use crate::testing::{Receiver, Reply, delivery_to};

#[tokio::test]
async fn a_soft_stop_lets_a_post_end_and_leaves_the_rest_to_others() {
    let stage = Stage::with(|config| config.dispatcher.per_destination = 1).await;
    let receiver = Receiver::start(Reply::silent()).await;
    let now = SystemClock.now();
    let (first, second) = (delivery_to(&receiver.url(), now), delivery_to(&receiver.url(), now));
    stage.publish(&first).await;
    receiver.wait_for(1).await;
    stage.publish(&second).await;
    stage.stop();
    receiver.set(Reply::status(200));
    assert_eq!(stage.stopped(Duration::from_secs(20)).await, ExitStatus::Success);
    stage.event(&first, |event| event.status == DeliveryStatus::Delivered).await;
    stage.settled_but(1).await;
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn a_hard_stop_gives_a_post_back_and_another_dispatcher_repeats_it() {
    let mut stage = Stage::start().await;
    let receiver = Receiver::start(Reply::silent()).await;
    let delivery = delivery_to(&receiver.url(), SystemClock.now());
    stage.publish(&delivery).await;
    receiver.wait_for(1).await;
    stage.stop();
    assert_eq!(stage.stopped(Duration::ZERO).await, ExitStatus::Success);
    receiver.set(Reply::status(200));
    stage.start_dispatcher();
    let event = stage.event(&delivery, |event| event.status == DeliveryStatus::Delivered).await;
    assert_eq!(event.attempt, 1, "the attempt was not spent");
    let requests = receiver.wait_for(2).await;
    assert_eq!(requests[0].header("webhook-id"), requests[1].header("webhook-id"));
}
