//! Publishing with an ack, repeated under the same message until it is known to be stored or refused.

use std::time::Duration;

use async_nats::jetstream::context::{PublishError as NatsPublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use async_nats::jetstream::{self, ErrorCode};
use tokio::time::Instant;

use super::{ACK_TIMEOUT, PublishError};

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
    repeat(patience, || async {
        match tokio::time::timeout(ACK_TIMEOUT, send(jetstream, subject, message)).await {
            Ok(Ok(ack)) => Ok(ack),
            Ok(Err(error)) => Err(judge(&error)),
            Err(_) => Err(Refusal::Unknown("no ack in time".to_owned())),
        }
    })
    .await
}

/// Tries until it is known what became of the message. After a try without an answer "full" proves nothing: that try
/// may have stored the message, and may be what filled the stream.
async fn repeat<T, F>(patience: Duration, attempt: impl Fn() -> F) -> Result<T, Refusal>
where
    F: Future<Output = Result<T, Refusal>>,
{
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_millis(20);
    let mut unanswered = false;
    loop {
        let refusal = match tokio::time::timeout_at(deadline, attempt()).await {
            Ok(Ok(done)) => return Ok(done),
            Ok(Err(refusal)) => refusal,
            Err(_) => Refusal::Unknown("no ack in time".to_owned()),
        };
        let reason = match refusal {
            Refusal::Unknown(reason) => {
                unanswered = true;
                reason
            }
            Refusal::Full if unanswered => "the stream is full, after an unanswered try".to_owned(),
            known => return Err(known),
        };
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
            Some(
                ErrorCode::STREAM_WRONG_LAST_SEQUENCE
                | ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT,
            ) => Refusal::WrongSequence,
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

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// What comes of tries that are answered like this.
    async fn outcome(answers: Vec<Result<u64, Refusal>>) -> Result<u64, Refusal> {
        let answers = RefCell::new(answers.into_iter());
        repeat(Duration::from_secs(1), || async {
            let answer = answers.borrow_mut().next();
            answer.unwrap_or_else(|| Err(Refusal::Unknown("silence".to_owned())))
        })
        .await
    }

    fn silence() -> Result<u64, Refusal> {
        Err(Refusal::Unknown("silence".to_owned()))
    }

    #[tokio::test(start_paused = true)]
    async fn a_try_without_an_answer_is_repeated() {
        assert_eq!(outcome(vec![silence(), silence(), Ok(7)]).await.unwrap(), 7);
        let given_up = outcome(Vec::new()).await;
        assert!(matches!(given_up, Err(Refusal::Unknown(_))), "{given_up:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn full_is_a_refusal_only_while_nothing_may_be_stored() {
        let refused = outcome(vec![Err(Refusal::Full)]).await;
        assert!(matches!(refused, Err(Refusal::Full)), "{refused:?}");
        let unclear = outcome(vec![silence(), Err(Refusal::Full)]).await;
        assert!(matches!(unclear, Err(Refusal::Unknown(_))), "{unclear:?}");
        let room = outcome(vec![silence(), Err(Refusal::Full), Ok(3)]).await;
        assert_eq!(room.unwrap(), 3);
        let known = outcome(vec![silence(), Err(Refusal::SubjectTaken)]).await;
        assert!(matches!(known, Err(Refusal::SubjectTaken)), "{known:?}");
    }
}
