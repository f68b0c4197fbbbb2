use std::collections::BTreeMap;
use std::time::Duration;

use super::*;
use crate::deliver::Answer;
use crate::guard::SendError;
use crate::judge::judge;
use crate::testing::{delivery, snapshot};

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

fn settle(
    delivery: &Delivery,
    known: Option<DeliveryEvent>,
    result: Result<u16, SendError>,
) -> Settlement {
    let attempt = Attempt {
        at: NOW,
        duration: Duration::from_millis(12),
        headers: BTreeMap::from([("webhook-id".to_owned(), "x".to_owned())]),
        result: result.map(|status| Answer { status, retry_after: None, body: "said".to_owned() }),
    };
    let verdict = judge(&attempt, NOW);
    let schedule = Schedule::new([0, 5, 30].map(Duration::from_secs).to_vec(), 0.0);
    let url = "https://now.example/hook";
    after_attempt(delivery, known, Made { url, attempt, verdict }, &schedule, 0.5, NOW)
}

fn of_endpoint() -> Delivery {
    Delivery { endpoint_id: Some("ep_1".to_owned()), ..delivery() }
}

#[test]
fn delivered_ends_it_with_the_answer_in_the_log() {
    let settled = settle(&delivery(), None, Ok(204));
    assert_eq!((settled.event.status, settled.fate), (DeliveryStatus::Delivered, Fate::Delivered));
    assert!(settled.next.is_none() && settled.event.next_at.is_none());
    let logged = &settled.event.attempts[0];
    assert_eq!((logged.attempt, logged.status, logged.duration_ms), (1, Some(204), 12));
    assert_eq!((logged.error.as_deref(), logged.response.as_deref()), (None, Some("said")));
    assert_eq!(settled.event.url, "https://now.example/hook");
    assert!(logged.request_headers.contains_key("webhook-id"));
}

#[test]
fn failed_it_comes_again_with_the_next_attempt() {
    let settled = settle(&delivery(), None, Ok(500));
    let (next, at) = settled.next.unwrap();
    assert_eq!((next.attempt, next.id), (2, settled.event.id));
    assert_eq!((Some(at), at.since(NOW)), (settled.event.next_at, Duration::from_secs(5)));
    assert_eq!(settled.event.status, DeliveryStatus::Pending);
}

#[test]
fn out_of_attempts_it_is_dead_with_the_last_error() {
    let third = Delivery { attempt: 3, ..delivery() };
    let known = snapshot(&third, DeliveryStatus::Pending, 2, Some(NOW));
    let version = known.version;
    let settled = settle(&third, Some(known), Err(SendError::TimedOut));
    assert_eq!((settled.event.status, settled.fate), (DeliveryStatus::Dead, Fate::Dead));
    assert_eq!(settled.event.version, version + 1);
    assert!(settled.next.is_none());
    assert!(settled.event.reason.unwrap().contains("no answer in time"));
    assert_eq!(settled.event.attempts[0].status, None);
}

#[test]
fn asked_for_again_the_whole_schedule_lies_before_it() {
    let dead = snapshot(&delivery(), DeliveryStatus::Dead, 3, None);
    let settled = settle(&dead.again(), Some(dead), Ok(500));
    let (next, at) = settled.next.unwrap();
    assert_eq!((next.attempt, next.first_attempt), (5, 4));
    assert_eq!(at.since(NOW), Duration::from_secs(5));
    assert_eq!(settled.event.reason, None);
}

#[test]
fn gone_disables_an_endpoint_and_ends_a_url_at_once() {
    let settled = settle(&of_endpoint(), None, Ok(410));
    assert_eq!(settled.event.status, DeliveryStatus::Dead);
    assert_eq!(settled.disable.unwrap().endpoint_id, "ep_1");
    let settled = settle(&delivery(), None, Ok(410));
    assert_eq!(settled.event.status, DeliveryStatus::Dead);
    assert!(settled.disable.is_none() && settled.next.is_none());
}

#[test]
fn unwanted_it_is_dead_and_keeps_its_attempts_for_later() {
    let settled = unwanted(&of_endpoint(), None, "the endpoint was deleted".to_owned(), NOW);
    assert_eq!((settled.event.status, settled.event.attempt), (DeliveryStatus::Dead, 0));
    assert!(settled.disable.is_none() && settled.event.attempts.is_empty());
    assert_eq!(settled.event.reason.as_deref(), Some("the endpoint was deleted"));
    assert_eq!(settled.event.again().attempt, 1);
}
