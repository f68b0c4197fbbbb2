//! Webhooks: what is sent, where it goes, how it is signed, and the log of a delivery.
//!
//! The outbox makes a [`Delivery`] of a terminal event, the dispatcher posts it and publishes a [`DeliveryEvent`]
//! after every attempt, the keeper records those, and a receiver checks the signature as [`Verifier`] does.

mod delivery;
mod endpoint;
mod log;
mod payload;
mod signature;
mod verify;

pub use delivery::{Delivery, DeliveryId, DeliveryTarget};
pub use endpoint::{Disabled, Endpoint, EndpointSecret};
pub use log::{DeliveryAttempt, DeliveryEvent, DeliveryStatus};
pub use payload::{WebhookData, WebhookPayload};
pub use signature::{
    ID_HEADER, SIGNATURE_HEADER, SigningKeys, TIMESTAMP_HEADER, decode_secret, encode_secret,
    generate_secret, public_key,
};
pub use verify::{SignatureError, TOLERANCE, Verifier};
