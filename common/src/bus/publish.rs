//! Publishing with an ack, repeated under the same message until it is known to be stored or refused.

use std::time::Duration;

use async_nats::jetstream::context::{PublishError as NatsPublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::{self, ErrorCode};
use tokio::time::Instant;

use super::PublishError;

/// What the broker said to a publish, once it is known.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The subject has its one message already.
    SubjectTaken,
    /// Another message is the last of the subject.
    WrongSequence,
    /// A limit of the stream is reached.
    Full,
    /// The message is over the size limit.
    TooLarge,
    /// It is not known whether the message is stored.
    Unknown(String),
}

/// Publishes until the broker acks or refuses, for at most `patience`. Every try sends the same message to the same
/// subject, so a repeated one is recognised by its message id, its expected sequence or its subject.
pub(super) async fn publish(
    jetstream: &jetstream::Context,
    subject: &str,
    message: &PublishMessage,
    patience: Duration,
) -> Result<PublishAck, Refusal> {
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_millis(20);
    loop {
        let refusal = match tokio::time::timeout_at(deadline, send(jetstream, subject, message)).await
        {
            Ok(Ok(ack)) => return Ok(ack),
            Ok(Err(error)) => judge(&error),
            Err(_) => Refusal::Unknown("no ack in time".to_owned()),
        };
        let Refusal::Unknown(reason) = refusal else { return Err(refusal) };
        if Instant::now() + pause >= deadline {
            return Err(Refusal::Unknown(reason));
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_millis(500));
    }
}

async fn send(
    jetstream: &jetstream::Context,
    subject: &str,
    message: &PublishMessage,
) -> Result<PublishAck, NatsPublishError> {
    jetstream.send_publish(subject.to_owned(), message.clone()).await?.await
}

fn judge(error: &NatsPublishError) -> Refusal {
    match error.kind() {
        PublishErrorKind::WrongLastSequence => Refusal::WrongSequence,
        PublishErrorKind::MaxPayloadExceeded => Refusal::TooLarge,
        _ => match jetstream_code(error) {
            Some(ErrorCode::STREAM_STORE_FAILED) => store_failure(error),
            Some(ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM) => Refusal::TooLarge,
            Some(ErrorCode::STREAM_WRONG_LAST_SEQUENCE
                | ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT) => {
                Refusal::WrongSequence
            }
            _ => Refusal::Unknown(error.to_string()),
        },
    }
}

fn jetstream_code(error: &NatsPublishError) -> Option<ErrorCode> {
    std::error::Error::source(error)?
        .downcast_ref::<jetstream::Error>()
        .map(jetstream::Error::error_code)
}

/// The broker tells a full stream from a taken subject only in words.
fn store_failure(error: &NatsPublishError) -> Refusal {
    let text = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    if text.contains("per subject") {
        Refusal::SubjectTaken
    } else if text.contains("maximum") || text.contains("exceeded") {
        Refusal::Full
    } else {
        Refusal::Unknown(text)
    }
}

impl From<Refusal> for PublishError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Full | Refusal::SubjectTaken => Self::Full,
            Refusal::TooLarge => Self::TooLarge,
            Refusal::WrongSequence => Self::Unavailable("wrong last sequence".to_owned()),
            Refusal::Unknown(reason) => Self::Unavailable(reason),
        }
    }
}
