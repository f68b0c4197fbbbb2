//! Waiting for a whole answer.

use bytes::{Bytes, BytesMut};
use common::error_code::ErrorCode;
use common::job::{JobError, JobEvent};

use super::listen::Lost;
use super::{Heard, Session, WaitError};

/// The largest answer that is held in memory for a caller who waits; durable jobs keep larger ones as objects.
const MAX_ANSWER: usize = 64 << 20;

/// How a wait ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// With the answer.
    Answer {
        /// Its media type.
        content_type: String,
        /// Its bytes.
        body: Bytes,
    },
    /// With a failure.
    Failed(JobError),
    /// Without the whole answer; its worker may still be at it.
    Lost(Lost),
    /// With the job's terminal event, which names the result.
    Event(Box<JobEvent>),
}

/// Waits until the job has ended, and puts its answer together.
pub(crate) async fn collect(session: &mut Session, durable: bool) -> Result<Ended, WaitError> {
    let mut parts = Parts::default();
    loop {
        match session.next().await? {
            Heard::Started => {}
            Heard::Void => parts.clear(),
            Heard::Chunk(part) => parts.add(part),
            Heard::Answered { content_type, last } => {
                parts.add(last);
                match parts.finish() {
                    Some(body) => return Ok(Ended::Answer { content_type, body }),
                    // The terminal event of a durable job names the object.
                    None if durable => {}
                    None => return Ok(Ended::Failed(too_large())),
                }
            }
            Heard::Failed(error) => return Ok(Ended::Failed(error)),
            Heard::Ended(event) => return Ok(Ended::Event(event)),
            Heard::Lost(_) if durable => parts.clear(),
            Heard::Lost(lost) => return Ok(Ended::Lost(lost)),
        }
    }
}

/// The failure of a call whose answer did not arrive whole.
pub(crate) fn lost_answer(lost: Lost) -> JobError {
    JobError::retryable(ErrorCode::Unavailable, format!("The call was not answered: {lost}."))
}

fn too_large() -> JobError {
    JobError::permanent(
        ErrorCode::TooLarge,
        "The answer is too large for a synchronous call; ask for it with 'Prefer: respond-async'.",
    )
}

/// The parts of an answer, within the limit.
#[derive(Default)]
struct Parts {
    parts: Vec<Bytes>,
    bytes: usize,
}

impl Parts {
    fn clear(&mut self) {
        *self = Self::default();
    }

    fn add(&mut self, part: Bytes) {
        self.bytes += part.len();
        if self.bytes > MAX_ANSWER {
            self.parts.clear();
        } else {
            self.parts.push(part);
        }
    }

    /// The whole answer, or `None` when it is over the limit.
    fn finish(&mut self) -> Option<Bytes> {
        if self.bytes > MAX_ANSWER {
            return None;
        }
        if let [one] = self.parts.as_slice() {
            return Some(one.clone());
        }
        let mut whole = BytesMut::with_capacity(self.bytes);
        for part in &self.parts {
            whole.extend_from_slice(part);
        }
        Some(whole.freeze())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_become_one_answer() {
        let mut parts = Parts::default();
        parts.add(Bytes::from_static(b"void"));
        parts.clear();
        parts.add(Bytes::from_static(b"{\"a\":"));
        parts.add(Bytes::from_static(b"1}"));
        assert_eq!(parts.finish().unwrap(), "{\"a\":1}");
    }

    #[test]
    fn an_answer_over_the_limit_is_not_held() {
        let mut parts = Parts::default();
        parts.add(Bytes::from(vec![0; MAX_ANSWER]));
        parts.add(Bytes::from_static(b"x"));
        assert!(parts.parts.is_empty());
        assert!(parts.finish().is_none());
    }
}
