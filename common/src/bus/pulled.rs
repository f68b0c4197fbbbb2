//! A pulled message and the four ways to settle it.

use std::time::Duration;

use async_nats::jetstream::{AckKind, Message};
use bytes::Bytes;

use super::{BusError, bounded, headers};
use crate::clock::Timestamp;

/// A message that was pulled and must be settled: acked, given back or dropped.
pub struct Pulled {
    message: Message,
    /// Its sequence in the stream.
    pub stream_sequence: u64,
    /// How often it was delivered, counting this time.
    pub delivered: u64,
    /// When it was stored.
    pub published: Timestamp,
}

impl Pulled {
    pub(super) fn new(message: Message) -> Result<Self, BusError> {
        let (stream_sequence, delivered, published) = {
            let info = message.info().map_err(BusError::unavailable)?;
            (info.stream_sequence, info.delivered.max(1) as u64, info.published.into())
        };
        Ok(Self { message, stream_sequence, delivered, published })
    }

    /// Where it was published.
    pub fn subject(&self) -> &str {
        &self.message.subject
    }

    /// The payload.
    pub fn payload(&self) -> &Bytes {
        &self.message.payload
    }

    /// The text of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        headers::text(self.message.headers.as_ref()?, name)
    }

    /// The number in a header.
    pub fn number(&self, name: &str) -> Option<u64> {
        headers::number(self.message.headers.as_ref()?, name)
    }

    /// Removes it from the queue: what follows from it is stored. Proves nothing about ownership.
    pub async fn ack(&self) -> Result<(), BusError> {
        self.settle(AckKind::Ack).await
    }

    /// Gives it back, at once or after a delay.
    pub async fn nak(&self, delay: Option<Duration>) -> Result<(), BusError> {
        self.settle(AckKind::Nak(delay)).await
    }

    /// Drops it for good: it can never be processed.
    pub async fn term(&self) -> Result<(), BusError> {
        self.settle(AckKind::Term).await
    }

    /// Says that work on it goes on, which renews the ack wait.
    pub async fn progress(&self) -> Result<(), BusError> {
        self.settle(AckKind::Progress).await
    }

    async fn settle(&self, kind: AckKind) -> Result<(), BusError> {
        bounded(self.message.ack_with(kind)).await
    }
}

impl std::fmt::Debug for Pulled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pulled")
            .field("subject", &self.subject())
            .field("stream_sequence", &self.stream_sequence)
            .field("delivered", &self.delivered)
            .finish()
    }
}
