//! The events of jobs: written by compare-and-swap, read from the leader when the read decides.

use std::time::Duration;

use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::{
    DirectGetErrorKind, LastRawMessageErrorKind, RawMessageErrorKind, Stream,
};
use async_nats::jetstream::{self, ErrorCode};
use bytes::Bytes;

use super::publish::{Refusal, publish};
use super::{BusError, CALL_TIMEOUT, StoredEvent, WriteError, headers, subjects};
use crate::job::{JobEvent, JobId};

/// Reads and writes JOB_EVENTS. Cheap to clone.
#[derive(Clone)]
pub struct JobEvents {
    jetstream: jetstream::Context,
    retention: Duration,
}

impl JobEvents {
    pub(super) fn new(jetstream: jetstream::Context, retention: Duration) -> Self {
        Self { jetstream, retention }
    }

    /// How long the status of an ended job is kept.
    pub fn retention(&self) -> Duration {
        self.retention
    }

    /// Writes the first event of a job; loses when there is one already.
    pub async fn create(
        &self,
        event: &JobEvent,
        patience: Duration,
    ) -> Result<StoredEvent, WriteError> {
        self.write(event, 0, patience).await
    }

    /// Writes the event that follows the one at `expected`; loses when another stands there. Repeating a swap whose
    /// ack was lost is safe: finding one's own event counts as success.
    pub async fn swap(
        &self,
        event: &JobEvent,
        expected: u64,
        patience: Duration,
    ) -> Result<StoredEvent, WriteError> {
        self.write(event, expected, patience).await
    }

    /// The last event of a job, from the leader: the read that may decide.
    pub async fn last(&self, job: JobId) -> Result<Option<StoredEvent>, BusError> {
        let stream = self.stream().await?;
        let subject = subjects::events(job);
        let read = stream.get_last_raw_message_by_subject(&subject);
        match tokio::time::timeout(CALL_TIMEOUT, read).await {
            Ok(Ok(message)) => decode(&message.subject, message.sequence, &message.payload).map(Some),
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

    /// The last event of a job, from any replica: for showing only. Asks the leader when the replica has none, or
    /// one older than `at_least`, the version that the caller has seen.
    pub async fn status(
        &self,
        job: JobId,
        at_least: Option<u64>,
    ) -> Result<Option<StoredEvent>, BusError> {
        let stream = self.stream().await?;
        let read = stream.direct_get_last_for_subject(subjects::events(job));
        if let Ok(Ok(message)) = tokio::time::timeout(CALL_TIMEOUT, read).await {
            let stored = decode(&message.subject, message.sequence, &message.payload)?;
            if at_least.is_none_or(|version| stored.event.version >= version) {
                return Ok(Some(stored));
            }
        }
        self.last(job).await
    }

    /// The event at a sequence, from the leader; `None` when it was rolled up or has expired.
    pub async fn get(&self, sequence: u64) -> Result<Option<StoredEvent>, BusError> {
        let stream = self.stream().await?;
        match tokio::time::timeout(CALL_TIMEOUT, stream.get_raw_message(sequence)).await {
            Ok(Ok(message)) => decode(&message.subject, message.sequence, &message.payload).map(Some),
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

    /// The events of a job that are still stored, oldest first, up to `limit`.
    pub async fn history(&self, job: JobId, limit: usize) -> Result<Vec<StoredEvent>, BusError> {
        let stream = self.stream().await?;
        let mut found = Vec::new();
        let mut next = 1_u64;
        while found.len() < limit {
            let read = stream
                .direct_get_builder()
                .sequence(next)
                .next_by_subject(subjects::events(job))
                .send();
            match tokio::time::timeout(CALL_TIMEOUT, read).await {
                Ok(Ok(message)) => {
                    next = message.sequence + 1;
                    found.push(decode(&message.subject, message.sequence, &message.payload)?);
                }
                Ok(Err(error)) if matches!(error.kind(), DirectGetErrorKind::NotFound) => break,
                Ok(Err(error)) => return Err(BusError::unavailable(error)),
                Err(_) => return Err(BusError::unavailable("no answer to a read in time")),
            }
        }
        Ok(found)
    }

    async fn write(
        &self,
        event: &JobEvent,
        expected: u64,
        patience: Duration,
    ) -> Result<StoredEvent, WriteError> {
        let id = event.job.id;
        let payload = serde_json::to_vec(event)
            .map_err(|error| WriteError::Unavailable(format!("an event can not be encoded: {error}")))?;
        let mut map = headers::of_event(event);
        if event.is_terminal() {
            // The end replaces the history, and goes when the status retention ends.
            map.insert(async_nats::header::NATS_ROLLUP, "sub");
            map.insert(async_nats::header::NATS_MESSAGE_TTL, format!("{}s", self.retention.as_secs()));
        }
        map.insert(
            async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
            expected.to_string().as_str(),
        );
        let message = PublishMessage::build().payload(Bytes::from(payload)).headers(map);
        match publish(&self.jetstream, &subjects::events(id), &message, patience).await {
            Ok(ack) => Ok(StoredEvent { event: event.clone(), sequence: ack.sequence }),
            Err(Refusal::WrongSequence) => match self.last(id).await {
                Ok(Some(last)) if last.event.id == event.id => Ok(last),
                Ok(last) => Err(WriteError::Conflict(last.map(Box::new))),
                Err(error) => Err(WriteError::Unavailable(error.to_string())),
            },
            Err(Refusal::Full | Refusal::SubjectTaken | Refusal::TooLarge) => Err(WriteError::Full),
            Err(Refusal::Unknown(reason)) => Err(WriteError::Unavailable(reason)),
        }
    }

    async fn stream(&self) -> Result<Stream<()>, BusError> {
        self.jetstream
            .get_stream_no_info(subjects::JOB_EVENTS)
            .await
            .map_err(BusError::unavailable)
    }
}

/// Reads the payload of an event message.
pub(super) fn decode(subject: &str, sequence: u64, payload: &[u8]) -> Result<StoredEvent, BusError> {
    serde_json::from_slice(payload).map(|event| StoredEvent { event, sequence }).map_err(|error| {
        BusError::Undecodable { subject: subject.to_owned(), reason: error.to_string() }
    })
}

impl StoredEvent {
    /// Reads an event as it was pulled from JOB_EVENTS.
    pub fn decode(subject: &str, sequence: u64, payload: &[u8]) -> Result<Self, BusError> {
        decode(subject, sequence, payload)
    }
}
