//! What can go wrong between a process and the broker.

use crate::job::JobEvent;

/// A read or an administrative call did not work.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// No connection, no answer in time, or JetStream is not up.
    #[error("NATS does not answer: {0}")]
    Unavailable(String),
    /// The broker answers, but is not what Millrace needs.
    #[error("{0}")]
    Unsuitable(String),
    /// A definition on the broker differs from ours in a way that can not be mended live.
    #[error(
        "stream {stream} exists with another {setting} than Millrace needs ({found} instead of {wanted}); \
         use another NATS account, or remove the stream when it is not in use"
    )]
    Conflict {
        /// The stream.
        stream: String,
        /// Which setting differs.
        setting: &'static str,
        /// What is there.
        found: String,
        /// What is needed.
        wanted: String,
    },
    /// A stream has as many consumers as it may: there can be no queue for another model.
    #[error(
        "the consumer {consumer} can not be made: its stream has as many as it may; raise the stream's max_consumers"
    )]
    TooManyConsumers {
        /// The one that is missing.
        consumer: String,
    },
    /// A message can not be read as what it should be.
    #[error("a message on {subject} can not be read: {reason}")]
    Undecodable {
        /// Where it was.
        subject: String,
        /// Why.
        reason: String,
    },
}

impl BusError {
    pub(super) fn unavailable(error: impl std::fmt::Display) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// A message was not stored, or it is not known whether it was.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// The broker refused the message: a limit of the stream is reached. It is not stored.
    #[error("the stream is full")]
    Full,
    /// The message is over the broker's size limit. It is not stored.
    #[error("the message is too large for the broker")]
    TooLarge,
    /// No answer within the caller's patience: the message may or may not be stored. Repeat it; never report it as
    /// refused.
    #[error("NATS does not answer: {0}")]
    Unavailable(String),
}

/// An event was not written, or it is not known whether it was.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Somebody else's event stands (or none is left): the writer lost and discards its own.
    #[error("another event of the job stands")]
    Conflict(Option<Box<StoredEvent>>),
    /// The stream has no room for another event.
    #[error("the event stream is full")]
    Full,
    /// No answer within the caller's patience; it may be stored.
    #[error("NATS does not answer: {0}")]
    Unavailable(String),
}

/// An event as it stands in the stream.
#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// The event.
    pub event: JobEvent,
    /// Its sequence in JOB_EVENTS: what the next swap expects.
    pub sequence: u64,
}
