//! Reading the last message of a subject.

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::message::StreamMessage;
use async_nats::jetstream::stream::{LastRawMessageErrorKind, Stream};

use super::{BusError, CALL_TIMEOUT};

/// The last message of a subject, from the leader; `None` when there is none.
pub(super) async fn last_message(
    stream: &Stream<()>,
    subject: &str,
) -> Result<Option<StreamMessage>, BusError> {
    let read = stream.get_last_raw_message_by_subject(subject);
    match tokio::time::timeout(CALL_TIMEOUT, read).await {
        Ok(Ok(message)) => Ok(Some(message)),
        Ok(Err(error)) => match error.kind() {
            LastRawMessageErrorKind::NoMessageFound => Ok(None),
            LastRawMessageErrorKind::JetStream(cause)
                if cause.error_code() == ErrorCode::NO_MESSAGE_FOUND =>
            {
                Ok(None)
            }
            _ => Err(BusError::unavailable(error)),
        },
        Err(_) => Err(BusError::unavailable("no answer to a read in time")),
    }
}
