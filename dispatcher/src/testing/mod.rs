//! What the tests of this crate share.

mod receiver;

use common::clock::Timestamp;
use common::config::{Config, EgressConfig, LoadOptions};
use common::job::EventId;
use common::webhook::{Delivery, DeliveryEvent, DeliveryStatus, DeliveryTarget};

pub(crate) use receiver::{Receiver, Reply, ReplyBody, Request};

/// The body of every test delivery.
pub(crate) const BODY: &str = r#"{"type":"job.succeeded","data":{}}"#;

/// The default rules, and loopback addresses may be reached.
pub(crate) fn loopback_allowed() -> EgressConfig {
    let mut config = Config::load(&LoadOptions::default()).unwrap().egress;
    config.allow = vec!["127.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
    config
}

/// A delivery to nowhere, before its first attempt.
pub(crate) fn delivery() -> Delivery {
    delivery_to("https://receiver.example/hook", Timestamp::from_micros(0))
}

/// The first delivery of an event of its own.
pub(crate) fn delivery_to(url: &str, now: Timestamp) -> Delivery {
    Delivery::new(
        EventId::from_uuid(uuid::Builder::from_random_bytes(rand::random()).into_uuid()),
        "job.succeeded",
        "acme".parse().unwrap(),
        None,
        DeliveryTarget::Url(url.to_owned()),
        BODY.to_owned(),
        now,
    )
}

/// The last snapshot of a delivery.
pub(crate) fn snapshot(
    delivery: &Delivery,
    status: DeliveryStatus,
    attempt: u32,
    next_at: Option<Timestamp>,
) -> DeliveryEvent {
    let now = delivery.created_at;
    DeliveryEvent { status, attempt, next_at, ..DeliveryEvent::pending(delivery, now, now) }
}
