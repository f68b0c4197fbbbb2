//! The log of a delivery: a snapshot after every attempt. The last snapshot is the delivery's status.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Delivery, DeliveryId};
use crate::clock::Timestamp;
use crate::job::{EventId, JobId, Tenant};

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeliveryStatus {
    /// Another attempt follows.
    Pending,
    /// The receiver took it.
    Delivered,
    /// No attempt follows unless somebody asks for it.
    Dead,
}

impl DeliveryStatus {
    /// The status as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }
}

impl std::fmt::Display for DeliveryStatus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What one attempt sent and got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryAttempt {
    /// Which attempt, counted from 1.
    pub attempt: u32,
    /// When it began.
    pub at: Timestamp,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// The receiver's HTTP status, when it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// Why it counts as failed, in a sentence; absent when it was taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// The beginning of the answer's body as text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<String>,
    /// The headers that were sent; they hold signatures, never a secret.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub request_headers: BTreeMap<String, String>,
}

/// A snapshot of a delivery with the log of its last attempts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DeliveryEvent {
    /// Format of this event; 1.
    pub v: u8,
    /// The delivery.
    pub id: DeliveryId,
    /// The owner.
    pub tenant: Tenant,
    /// Counts the snapshots from 1; a record only ever moves to a greater version.
    pub version: u64,
    /// Where it stands.
    pub status: DeliveryStatus,
    /// The last attempt that was made; 0 before the first.
    pub attempt: u32,
    /// The attempt that the schedule counts from.
    #[serde(default = "first")]
    pub first_attempt: u32,
    /// When the next attempt is due; present while it is pending.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_at: Option<Timestamp>,
    /// The registered endpoint; absent for the URL of a job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endpoint_id: Option<String>,
    /// The job that the event is about; absent for a test.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub job_id: Option<JobId>,
    /// The event; the `webhook-id` of every attempt.
    pub event_id: EventId,
    /// What happened, for example `job.succeeded`.
    pub event_type: String,
    /// Where it is posted.
    pub url: String,
    /// The exact bytes that are posted.
    pub body: String,
    /// When the delivery was made.
    pub created_at: Timestamp,
    /// When this snapshot was made.
    pub updated_at: Timestamp,
    /// Why it is dead, in a sentence; present while it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The last attempts, oldest first; at most [`DeliveryEvent::LOGGED_ATTEMPTS`].
    #[serde(default)]
    pub attempts: Vec<DeliveryAttempt>,
}

fn first() -> u32 {
    1
}

impl DeliveryEvent {
    /// The format that this program writes.
    pub const VERSION: u8 = 1;
    /// How many attempts the log keeps.
    pub const LOGGED_ATTEMPTS: usize = 20;

    /// The snapshot before the first attempt, due at `next_at`.
    pub fn pending(delivery: &Delivery, next_at: Timestamp, now: Timestamp) -> Self {
        Self {
            v: Self::VERSION,
            id: delivery.id,
            tenant: delivery.tenant.clone(),
            version: 1,
            status: DeliveryStatus::Pending,
            attempt: delivery.attempt.saturating_sub(1),
            first_attempt: delivery.first_attempt,
            next_at: Some(next_at),
            endpoint_id: delivery.endpoint_id.clone(),
            job_id: delivery.job_id,
            event_id: delivery.event_id,
            event_type: delivery.event_type.clone(),
            url: delivery.url.clone(),
            body: delivery.body.clone(),
            created_at: delivery.created_at,
            updated_at: now,
            reason: None,
            attempts: Vec::new(),
        }
    }

    /// The snapshot that follows this one when nothing but the status changes.
    #[must_use]
    pub fn next(mut self, status: DeliveryStatus, now: Timestamp) -> Self {
        self.version = self.version.saturating_add(1);
        self.status = status;
        self.next_at = None;
        self.reason = None;
        self.updated_at = now;
        self
    }

    /// Adds an attempt to the log and drops the oldest ones above the limit. A repeated attempt replaces its entry.
    pub fn log(&mut self, attempt: DeliveryAttempt) {
        self.attempt = self.attempt.max(attempt.attempt);
        self.attempts.retain(|known| known.attempt != attempt.attempt);
        self.attempts.push(attempt);
        let surplus = self.attempts.len().saturating_sub(Self::LOGGED_ATTEMPTS);
        self.attempts.drain(..surplus);
    }

    /// The delivery once more, under the same id and `webhook-id`, with the whole schedule before it. For a retry
    /// or recover by hand; publish it together with the snapshot `self.next(Pending, now)` that bears `next_at`.
    pub fn again(&self) -> Delivery {
        let attempt = self.attempt.saturating_add(1);
        Delivery {
            v: Delivery::VERSION,
            id: self.id,
            event_id: self.event_id,
            event_type: self.event_type.clone(),
            tenant: self.tenant.clone(),
            job_id: self.job_id,
            endpoint_id: self.endpoint_id.clone(),
            url: self.url.clone(),
            body: self.body.clone(),
            attempt,
            first_attempt: attempt,
            created_at: self.created_at,
            manual: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::webhook::DeliveryTarget;

    fn delivery() -> Delivery {
        Delivery::new(
            EventId::from_uuid(uuid::Uuid::nil()),
            "job.succeeded",
            "acme".parse().unwrap(),
            None,
            DeliveryTarget::Url("https://example.com".to_owned()),
            "{}".to_owned(),
            Timestamp::from_micros(0),
        )
    }

    fn attempt(number: u32) -> DeliveryAttempt {
        DeliveryAttempt {
            attempt: number,
            at: Timestamp::from_micros(0),
            duration_ms: 1,
            status: Some(500),
            error: None,
            response: None,
            request_headers: BTreeMap::new(),
        }
    }

    #[test]
    fn the_log_is_bounded_and_has_each_attempt_once() {
        let now = Timestamp::from_micros(0);
        let mut event = DeliveryEvent::pending(&delivery(), now, now);
        for number in 1..=25 {
            event.log(attempt(number));
        }
        event.log(attempt(25));
        assert_eq!(event.attempts.len(), DeliveryEvent::LOGGED_ATTEMPTS);
        assert_eq!(event.attempts.first().map(|a| a.attempt), Some(6));
        assert_eq!(event.attempt, 25);
    }

    #[test]
    fn asked_for_again_it_keeps_its_names_and_counts_on() {
        let now = Timestamp::from_micros(0);
        let mut event = DeliveryEvent::pending(&delivery(), now, now);
        event.log(attempt(1));
        let dead = event.next(DeliveryStatus::Dead, now);
        assert_eq!((dead.version, dead.next_at), (2, None));
        let again = dead.again();
        assert_eq!((again.attempt, again.first_attempt, again.manual), (2, 2, true));
        assert_eq!((again.id, again.event_id), (dead.id, dead.event_id));
    }
}
