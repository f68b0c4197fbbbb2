//! Sending a delivery again.

use std::time::Duration;

use common::webhook::{DeliveryEvent, DeliveryStatus, Endpoint};

use crate::api::ApiError;
use crate::state::Services;

/// How long a publish may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);
/// A delivery that should have been tried this long ago has lost its message and may be sent again by hand.
const OVERDUE: Duration = Duration::from_mins(1);

/// Starts the whole schedule of a delivery over, under the same `webhook-id`. Refused while attempts are still due.
pub(super) async fn again(
    services: &Services,
    last: DeliveryEvent,
) -> Result<DeliveryEvent, ApiError> {
    let now = services.clock.now();
    let overdue = last.next_at.is_some_and(|next| next.plus(OVERDUE) < now);
    if last.status == DeliveryStatus::Pending && !overdue {
        return Err(ApiError::conflict("The delivery has another attempt before it."));
    }
    let delivery = last.again();
    let mut pending = last.next(DeliveryStatus::Pending, now);
    pending.next_at = Some(now);
    // The snapshot goes first: the other way round it could overwrite the one that tells how the attempt ended. When
    // the delivery is then not published, it is overdue in a minute and can be asked for again.
    services.bus.publish_delivery_event(&pending, PATIENCE).await?;
    services.bus.republish_delivery(&delivery, PATIENCE).await?;
    Ok(pending)
}

/// Deliveries to a disabled endpoint would only die.
pub(super) fn refuse_disabled(endpoint: &Endpoint) -> Result<(), ApiError> {
    match &endpoint.disabled {
        Some(disabled) => Err(ApiError::conflict(format!(
            "The endpoint is disabled since {} ({}). Enable it first.",
            disabled.at, disabled.reason
        ))),
        None => Ok(()),
    }
}
