//! Storing what follows from an attempt, in the order that loses nothing: the snapshot, then the next attempt. The
//! caller acks last. A crash in between only repeats a POST under the same `webhook-id`.

use std::time::Duration;

use common::bus::{Bus, PublishError};
use common::clock::Timestamp;
use common::webhook::{Delivery, DeliveryEvent};

use crate::settle::Settlement;

/// Carries a settlement out. When this fails nothing may be acked.
pub(crate) async fn report(
    bus: &Bus,
    settlement: &Settlement,
    patience: Duration,
) -> Result<(), PublishError> {
    if let Some(disable) = &settlement.disable {
        // No gateway may be up; then the endpoint's next 410 asks again.
        if let Err(error) = bus.request_disable_endpoint(disable).await {
            tracing::warn!(endpoint.id = disable.endpoint_id, %error, "an endpoint could not be disabled");
        }
    }
    store(bus, &settlement.event, patience).await?;
    match &settlement.next {
        Some((delivery, at)) => bus.schedule_delivery(delivery, *at, patience).await,
        None => Ok(()),
    }
}

/// Puts a delivery back until `at`, with the attempt that it has. A delivery that the log does not know yet is
/// entered first, so that its owner sees it wait.
pub(crate) async fn put_back(
    bus: &Bus,
    delivery: &Delivery,
    known: Option<&DeliveryEvent>,
    at: Timestamp,
    now: Timestamp,
    patience: Duration,
) -> Result<(), PublishError> {
    if known.is_none() {
        store(bus, &DeliveryEvent::pending(delivery, at, now), patience).await?;
    }
    bus.schedule_delivery(delivery, at, patience).await
}

/// Stores a snapshot. One that is too large for the broker loses its answers: the log must not hold a delivery up.
async fn store(bus: &Bus, event: &DeliveryEvent, patience: Duration) -> Result<(), PublishError> {
    match bus.publish_delivery_event(event, patience).await {
        Err(PublishError::TooLarge) => {}
        other => return other.map(drop),
    }
    let mut event = event.clone();
    for attempt in &mut event.attempts {
        attempt.response = None;
    }
    match bus.publish_delivery_event(&event, patience).await {
        Err(PublishError::TooLarge) => {
            tracing::error!(delivery.id = %event.id, "a delivery is too large for its log");
            Ok(())
        }
        other => other.map(drop),
    }
}
