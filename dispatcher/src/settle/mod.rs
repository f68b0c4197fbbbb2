//! What follows from an attempt: the snapshot for the log, the next attempt, and what is asked of a gateway.
//!
//! Everything here is decided without I/O; [`crate::report`] carries it out in the order that loses nothing.

use common::bus::DisableEndpoint;
use common::clock::Timestamp;
use common::webhook::{Delivery, DeliveryAttempt, DeliveryEvent, DeliveryStatus};

use crate::deliver::Attempt;
use crate::judge::Verdict;
use crate::metrics::Fate;
use crate::schedule::Schedule;

/// What is to be stored about a delivery before its message may be acked.
#[derive(Clone, Debug)]
pub(crate) struct Settlement {
    /// The snapshot.
    pub(crate) event: DeliveryEvent,
    /// The next attempt and when it is due.
    pub(crate) next: Option<(Delivery, Timestamp)>,
    /// The endpoint to be disabled.
    pub(crate) disable: Option<DisableEndpoint>,
    /// How it ended, for metrics and log.
    pub(crate) fate: Fate,
}

/// An attempt that was made and judged.
#[derive(Clone, Debug)]
pub(crate) struct Made<'a> {
    /// Where it went, or was to go.
    pub(crate) url: &'a str,
    /// What was sent and came back.
    pub(crate) attempt: Attempt,
    /// What that means.
    pub(crate) verdict: Verdict,
}

/// The settlement of an attempt. `known` is the last snapshot, `roll` a random number from 0 to 1 for the jitter.
pub(crate) fn after_attempt(
    delivery: &Delivery,
    known: Option<DeliveryEvent>,
    made: Made<'_>,
    schedule: &Schedule,
    roll: f64,
    now: Timestamp,
) -> Settlement {
    let Made { url, attempt, verdict } = made;
    let mut event = base(delivery, known, now);
    url.clone_into(&mut event.url);
    let (error, outcome) = match verdict {
        Verdict::Delivered => (None, Outcome::Delivered),
        Verdict::Gone => {
            let reason = "the receiver answered 410: it wants no more deliveries".to_owned();
            (Some(reason.clone()), Outcome::Dead { reason, disable: true })
        }
        Verdict::Failed { reason, retry_after } => {
            // Attempts count from 1; the schedule counts the tries that were made since it began.
            let tries = delivery.attempt.saturating_sub(delivery.first_attempt).saturating_add(1);
            let outcome = match schedule.next(tries, retry_after, roll, now) {
                Some(at) => Outcome::Again(at),
                None => Outcome::Dead {
                    reason: format!("no attempt is left; the last one failed: {reason}"),
                    disable: false,
                },
            };
            (Some(reason), outcome)
        }
    };
    event.log(logged(delivery, attempt, error));
    finish(delivery, event, outcome, now)
}

/// The settlement of a delivery that is dead without an attempt: nobody wants it any more.
pub(crate) fn unwanted(
    delivery: &Delivery,
    known: Option<DeliveryEvent>,
    reason: String,
    now: Timestamp,
) -> Settlement {
    finish(delivery, base(delivery, known, now), Outcome::Dead { reason, disable: false }, now)
}

enum Outcome {
    Delivered,
    Again(Timestamp),
    Dead { reason: String, disable: bool },
}

fn finish(
    delivery: &Delivery,
    event: DeliveryEvent,
    outcome: Outcome,
    now: Timestamp,
) -> Settlement {
    match outcome {
        Outcome::Delivered => Settlement {
            event: event.next(DeliveryStatus::Delivered, now),
            next: None,
            disable: None,
            fate: Fate::Delivered,
        },
        Outcome::Again(at) => {
            let mut event = event.next(DeliveryStatus::Pending, now);
            event.next_at = Some(at);
            let next = Some((delivery.next_attempt(), at));
            Settlement { event, next, disable: None, fate: Fate::Retried }
        }
        Outcome::Dead { reason, disable } => {
            let endpoint = delivery.endpoint_id.clone().filter(|_| disable);
            let disable = endpoint.map(|endpoint_id| DisableEndpoint {
                tenant: delivery.tenant.clone(),
                endpoint_id,
                reason: "the receiver answered 410 Gone".to_owned(),
            });
            let mut event = event.next(DeliveryStatus::Dead, now);
            event.reason = Some(reason);
            Settlement { event, next: None, disable, fate: Fate::Dead }
        }
    }
}

fn base(delivery: &Delivery, known: Option<DeliveryEvent>, now: Timestamp) -> DeliveryEvent {
    let mut event = known.unwrap_or_else(|| DeliveryEvent::pending(delivery, now, now));
    event.first_attempt = delivery.first_attempt;
    event
}

fn logged(delivery: &Delivery, attempt: Attempt, error: Option<String>) -> DeliveryAttempt {
    let answer = attempt.result.ok();
    DeliveryAttempt {
        attempt: delivery.attempt,
        at: attempt.at,
        duration_ms: attempt.duration.as_millis() as u64,
        status: answer.as_ref().map(|answer| answer.status),
        error,
        response: answer.map(|answer| answer.body),
        request_headers: attempt.headers,
    }
}

#[cfg(test)]
mod tests;
