//! One delivery: its first snapshot, then its message.

use common::bus::PublishError;
use common::job::{JobEvent, JobObject};
use common::webhook::{Delivery, DeliveryEvent, DeliveryTarget, WebhookPayload};

use crate::context::{Context, PATIENCE};
use crate::trouble::Trouble;

/// Stores the delivery of a terminal event to one target. Repeating it changes nothing once an attempt was made, and
/// brings at most another copy under the same `webhook-id` before that.
pub(super) async fn delivery(
    context: &Context,
    event: &JobEvent,
    target: DeliveryTarget,
) -> Result<(), Trouble> {
    let now = context.clock.now();
    let delivery = Delivery::new(
        event.id,
        event.kind.as_str(),
        event.job.tenant.clone(),
        Some(event.job.id),
        target,
        body(context, event)?,
        now,
    );
    let first = DeliveryEvent::pending(&delivery, now, now);
    // The snapshot comes first, and only if there is none: a repeated event must not set a delivery back that was
    // made long ago.
    if !context.bus.create_delivery_event(&first, PATIENCE).await? {
        let last = context.bus.last_delivery_event(&delivery.tenant, delivery.id).await?;
        if last.is_some_and(|last| last.version > first.version) {
            return Ok(());
        }
    }
    context.bus.publish_delivery(&delivery, PATIENCE).await?;
    context.metrics.deliveries.inc();
    Ok(())
}

fn body(context: &Context, event: &JobEvent) -> Result<String, Trouble> {
    let now = context.clock.now();
    let job = JobObject::from_event(event, |artifact| context.links.url(&artifact.key, now));
    WebhookPayload::of_job(event, job).into_body().map_err(|error| {
        PublishError::Unavailable(format!("a webhook can not be encoded: {error}")).into()
    })
}
