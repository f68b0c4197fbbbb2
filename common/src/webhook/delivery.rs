//! A delivery: one event to one URL.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::clock::Timestamp;
use crate::job::{EventId, Id, JobId, Tenant};

/// Marks the id of a delivery.
pub enum DeliveryKind {}

/// Names a delivery through all of its attempts.
pub type DeliveryId = Id<DeliveryKind>;

impl DeliveryId {
    /// The id of the delivery of `event` to `target`: the same whenever the outbox makes it again.
    pub fn derived(event: EventId, target: &DeliveryTarget) -> Self {
        let name = match target {
            DeliveryTarget::Url(url) => format!("url:{url}"),
            DeliveryTarget::Endpoint { id, .. } => format!("endpoint:{id}"),
        };
        Self::from_uuid(Uuid::new_v5(&event.as_uuid(), name.as_bytes()))
    }
}

/// Where a delivery goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeliveryTarget {
    /// The URL given with the job; signed with the tenant's default secrets.
    Url(String),
    /// A registered endpoint; signed with its own secrets.
    Endpoint {
        /// The endpoint.
        id: String,
        /// Its URL at this moment; the dispatcher uses the one that is registered when it sends.
        url: String,
    },
}

/// One event to one URL, as it lies in WEBHOOKS or waits in DELAYS.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Delivery {
    /// Format of this message; 1.
    pub v: u8,
    /// The delivery.
    pub id: DeliveryId,
    /// The event; the `webhook-id` of every attempt.
    pub event_id: EventId,
    /// What happened, for example `job.succeeded`.
    pub event_type: String,
    /// The owner.
    pub tenant: Tenant,
    /// The job that the event is about; absent for a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// The registered endpoint; absent for the URL of a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_id: Option<String>,
    /// Where it is posted.
    pub url: String,
    /// The exact bytes that are posted and signed.
    pub body: String,
    /// The attempt that comes next, counted from 1.
    pub attempt: u32,
    /// The attempt that the schedule counts from: 1, or the first one after it was asked for again.
    #[serde(default = "first")]
    pub first_attempt: u32,
    /// When the delivery was made.
    pub created_at: Timestamp,
    /// Whether a person asked for it again.
    #[serde(default)]
    pub manual: bool,
}

fn first() -> u32 {
    1
}

impl Delivery {
    /// The format that this program writes.
    pub const VERSION: u8 = 1;

    /// The delivery of an event to `target`, before its first attempt.
    pub fn new(
        event_id: EventId,
        event_type: &str,
        tenant: Tenant,
        job_id: Option<JobId>,
        target: DeliveryTarget,
        body: String,
        now: Timestamp,
    ) -> Self {
        let id = DeliveryId::derived(event_id, &target);
        let (url, endpoint_id) = match target {
            DeliveryTarget::Url(url) => (url, None),
            DeliveryTarget::Endpoint { id, url } => (url, Some(id)),
        };
        Self {
            v: Self::VERSION,
            id,
            event_id,
            event_type: event_type.to_owned(),
            tenant,
            job_id,
            endpoint_id,
            url,
            body,
            attempt: 1,
            first_attempt: 1,
            created_at: now,
            manual: false,
        }
    }

    /// The same delivery before its next attempt.
    #[must_use]
    pub fn next_attempt(&self) -> Self {
        Self { attempt: self.attempt.saturating_add(1), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::{ManualClock, Timestamp};

    #[test]
    fn the_id_depends_on_event_and_target_only() {
        let clock = ManualClock::new(Timestamp::from_micros(1_700_000_000_000_000));
        let event = EventId::new(&clock);
        let url = DeliveryTarget::Url("https://a.example/x".to_owned());
        let endpoint = |url: &str| DeliveryTarget::Endpoint { id: "ep_1".into(), url: url.into() };
        assert_eq!(DeliveryId::derived(event, &url), DeliveryId::derived(event, &url));
        assert_ne!(
            DeliveryId::derived(event, &url),
            DeliveryId::derived(event, &endpoint("https://a.example/x"))
        );
        assert_eq!(
            DeliveryId::derived(event, &endpoint("https://a.example")),
            DeliveryId::derived(event, &endpoint("https://b.example"))
        );
        assert_ne!(
            DeliveryId::derived(event, &url),
            DeliveryId::derived(EventId::new(&clock), &url)
        );
    }
}
