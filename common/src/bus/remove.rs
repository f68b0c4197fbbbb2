//! Removing a message that waits in a queue, by its sequence.
//!
//! Never by a purge of its subject: when the consumer's filter is wider than the purged subject, nats-server (2.15.1)
//! moves the consumer's ack floor past other messages that were given out and not acked, and drops those at the next
//! purge. They lie in the stream from then on, neither waiting nor given out, and nobody ever gets them.

use async_nats::jetstream::stream::{DeleteMessageErrorKind, Stream};
use async_nats::jetstream::{self, ErrorCode};

use super::read::last_message;
use super::{Bus, BusError, CALL_TIMEOUT, subjects};
use crate::job::JobEnvelope;

/// More messages than may lie on one subject of a queue.
const MOST_PER_SUBJECT: usize = 8;

impl Bus {
    /// Removes the message of a call.
    pub async fn remove_call(&self, job: &JobEnvelope) -> Result<(), BusError> {
        let stream = self.stream(&subjects::calls_stream(&job.capability)).await?;
        remove_all(&stream, &subjects::job(job)).await
    }

    /// Removes whatever message a job has, in DELAYS and in JOBS: in the order in which it moves, so that it does not
    /// slip past. Only after its terminal event.
    pub async fn remove_job(&self, job: &JobEnvelope) -> Result<(), BusError> {
        let delays = self.stream(subjects::DELAYS).await?;
        for subject in [subjects::delay_at(job.id), subjects::delay_due_job(job.id)] {
            remove_all(&delays, &subject).await?;
        }
        let jobs = self.stream(&subjects::jobs_stream(&job.capability)).await?;
        remove_all(&jobs, &subjects::job(job)).await
    }
}

/// Removes every message of a subject.
pub(super) async fn remove_all(stream: &Stream<()>, subject: &str) -> Result<(), BusError> {
    for _ in 0..MOST_PER_SUBJECT {
        let Some(last) = last_message(stream, subject).await? else { break };
        remove(stream, last.sequence).await?;
    }
    Ok(())
}

/// Removes one message; it may be gone already.
pub(super) async fn remove(stream: &Stream<()>, sequence: u64) -> Result<(), BusError> {
    match tokio::time::timeout(CALL_TIMEOUT, stream.delete_message(sequence)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => match error.kind() {
            DeleteMessageErrorKind::JetStream(cause) if says_gone(&cause) => Ok(()),
            _ => Err(BusError::unavailable(error)),
        },
        Err(_) => Err(BusError::unavailable("no answer to a removal in time")),
    }
}

/// Whether somebody else was faster. The code for a failed removal tells that only in words.
fn says_gone(error: &jetstream::Error) -> bool {
    match error.error_code() {
        ErrorCode::NO_MESSAGE_FOUND | ErrorCode::SEQUENCE_NOT_FOUND => true,
        ErrorCode::STREAM_MESSAGE_DELETE_FAILED => error.to_string().contains("no message found"),
        _ => false,
    }
}
