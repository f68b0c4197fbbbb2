//! The headers of one attempt.

use std::collections::BTreeMap;

use common::clock::Timestamp;
use common::webhook::Delivery;
use common::webhook::{ID_HEADER, SIGNATURE_HEADER, SigningKeys, TIMESTAMP_HEADER};

/// What a request says about its sender.
const USER_AGENT: &str = concat!("Millrace/", env!("CARGO_PKG_VERSION"));

/// The headers of an attempt that begins at `now`: they are sent and kept in the log as they are, and hold
/// signatures but no secret.
pub(crate) fn headers(
    delivery: &Delivery,
    keys: &SigningKeys,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let id = delivery.event_id.to_string();
    let signature = keys.sign(&id, now.as_secs(), delivery.body.as_bytes());
    [
        ("content-type", "application/json".to_owned()),
        ("user-agent", USER_AGENT.to_owned()),
        (ID_HEADER, id),
        (TIMESTAMP_HEADER, now.as_secs().to_string()),
        (SIGNATURE_HEADER, signature),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect()
}
