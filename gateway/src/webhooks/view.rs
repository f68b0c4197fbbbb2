//! Endpoints and deliveries as their owner sees them: without secrets.

use common::clock::Timestamp;
use common::job::{EventId, JobId};
use common::webhook::{
    DeliveryAttempt, DeliveryEvent, DeliveryId, DeliveryStatus, Disabled, Endpoint,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A registered endpoint.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndpointView {
    /// The endpoint's id.
    pub id: String,
    /// Always `webhook_endpoint`.
    pub object: &'static str,
    /// Where its deliveries are posted.
    pub url: String,
    /// The owner's own words.
    pub description: String,
    /// The event types it hears of; empty means all.
    pub events: Vec<String>,
    /// Set while it gets nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Disabled>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When the secret before the current one stops signing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous_secret_expires_at: Option<Timestamp>,
}

/// An endpoint with its new signing secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndpointWithSecret {
    /// The endpoint.
    #[serde(flatten)]
    pub endpoint: EndpointView,
    /// The signing secret, `whsec_` and base64.
    pub secret: String,
}

impl EndpointView {
    /// The endpoint as it is at `now`.
    pub(super) fn of(endpoint: &Endpoint, now: Timestamp) -> Self {
        let expiring = endpoint.live_secrets(now).iter().filter_map(|one| one.expires_at).max();
        Self {
            id: endpoint.id.clone(),
            object: "webhook_endpoint",
            url: endpoint.url.clone(),
            description: endpoint.description.clone(),
            events: endpoint.events.clone(),
            disabled: endpoint.disabled.clone(),
            created_at: endpoint.created_at,
            previous_secret_expires_at: expiring,
        }
    }
}

/// A delivery as its owner sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryView {
    /// The delivery's id.
    pub id: DeliveryId,
    /// Always `webhook_delivery`.
    pub object: &'static str,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// The event; the `webhook-id` of every attempt.
    pub event_id: EventId,
    /// What happened, for example `job.succeeded`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The job that the event is about; absent for a test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// The registered endpoint; absent for the URL of a job.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint_id: Option<String>,
    /// Where it is posted.
    pub url: String,
    /// The last attempt that was made; 0 before the first.
    pub attempt: u32,
    /// When the next attempt is due; present while it is pending.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
    /// Why it is dead without having been tried.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
    /// The last attempts, oldest first.
    pub attempts: Vec<DeliveryAttempt>,
    /// The exact bytes that are posted; not in lists.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
}

impl From<DeliveryEvent> for DeliveryView {
    fn from(event: DeliveryEvent) -> Self {
        Self {
            id: event.id,
            object: "webhook_delivery",
            status: event.status,
            event_id: event.event_id,
            kind: event.event_type,
            job_id: event.job_id,
            endpoint_id: event.endpoint_id,
            url: event.url,
            attempt: event.attempt,
            next_at: event.next_at,
            reason: event.reason,
            created_at: event.created_at,
            updated_at: event.updated_at,
            attempts: event.attempts,
            body: event.body,
        }
    }
}
