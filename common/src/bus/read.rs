//! Reading one message, from the leader of its stream: the reads that may decide.

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{RawMessageError, RawMessageErrorKind, Stream};
use tokio::time::error::Elapsed;
use tokio::time::timeout;

use super::{BusError, CALL_TIMEOUT};

/// The last message of a subject; `None` when it has none.
pub(super) async fn last_message(
    stream: &Stream<()>,
    subject: &str,
) -> Result<Option<StreamMessage>, BusError> {
    let read = stream.get_last_raw_message_by_subject(subject);
    found(timeout(CALL_TIMEOUT, read).await)
}

/// The first message at `sequence` or after it whose subject matches; `None` when there is none.
pub(super) async fn next_message(
    stream: &Stream<()>,
    filter: &str,
    sequence: u64,
) -> Result<Option<StreamMessage>, BusError> {
    let read = stream.get_first_raw_message_by_subject(filter, sequence);
    found(timeout(CALL_TIMEOUT, read).await)
}

/// The message at a sequence; `None` when it is gone.
pub(super) async fn message_at(
    stream: &Stream<()>,
    sequence: u64,
) -> Result<Option<StreamMessage>, BusError> {
    found(timeout(CALL_TIMEOUT, stream.get_raw_message(sequence)).await)
}

fn found(
    answer: Result<Result<StreamMessage, RawMessageError>, Elapsed>,
) -> Result<Option<StreamMessage>, BusError> {
    match answer {
        Ok(Ok(message)) => Ok(Some(message)),
        Ok(Err(error)) => match error.kind() {
            RawMessageErrorKind::NoMessageFound => Ok(None),
            RawMessageErrorKind::JetStream(cause)
                if cause.error_code() == ErrorCode::NO_MESSAGE_FOUND =>
            {
                Ok(None)
            }
            _ => Err(BusError::unavailable(error)),
        },
        Err(_) => Err(BusError::unavailable("no answer to a read in time")),
    }
}
