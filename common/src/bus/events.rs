//! The events of jobs: written by compare-and-swap, read from the leader when the read decides.

use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::message::{PublishMessage, StreamMessage};
use async_nats::jetstream::stream::Stream;
use bytes::Bytes;
use tokio::time::Instant;

use super::publish::{Refusal, publish};
use super::read::{last_message, message_at};
use super::{BusError, CALL_TIMEOUT, StoredEvent, WriteError, bounded, headers, subjects};
use crate::job::{JobEvent, JobId};

/// How soon a swap is tried again whose predecessor is on its way through the replicas.
const UNDECIDED_PAUSE: Duration = Duration::from_millis(50);
/// How long the leader may take to confirm what a replica shows.
const LEADER_PATIENCE: Duration = Duration::from_millis(1_000);

/// How long a copy may be silent. Servers that hear nothing of their leader choose another after four seconds at the
/// earliest, and hear of one that lives every second.
const SILENCE: Duration = Duration::from_secs(3);

/// Reads and writes JOB_EVENTS. Cheap to clone.
#[derive(Clone)]
pub struct JobEvents {
    jetstream: jetstream::Context,
    retention: Duration,
    replicas: usize,
}

impl JobEvents {
    pub(super) fn new(jetstream: jetstream::Context, retention: Duration, replicas: usize) -> Self {
        Self { jetstream, retention, replicas }
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
        self.write(event, 0, false, patience).await
    }

    /// Writes the event that follows the one at `expected`; loses when another stands there. Repeating a swap whose
    /// ack was lost is safe: finding one's own event counts as success.
    pub async fn swap(
        &self,
        event: &JobEvent,
        expected: u64,
        patience: Duration,
    ) -> Result<StoredEvent, WriteError> {
        self.write(event, expected, false, patience).await
    }

    /// Writes the end at `expected` once more, for an end whose webhooks are made already: none follows from it.
    pub async fn tell_again(
        &self,
        event: &JobEvent,
        expected: u64,
        patience: Duration,
    ) -> Result<StoredEvent, WriteError> {
        self.write(event, expected, true, patience).await
    }

    /// The last event of a job, from the leader: the read that may decide, together with a swap.
    pub async fn last(&self, job: JobId) -> Result<Option<StoredEvent>, BusError> {
        let stream = self.stream().await?;
        let subject = subjects::events(job);
        decode_found(last_message(&stream, &subject).await?)
    }

    /// The same, for those who give something up because there is no event: when a leader that does not hear the others
    /// knows none, that is an error.
    pub async fn confirmed(&self, job: JobId) -> Result<Option<StoredEvent>, BusError> {
        let found = self.last(job).await?;
        if found.is_some() {
            return Ok(found);
        }
        self.check_leader().await?;
        // The answer may have come from another leader than the one that was looked at.
        self.last(job).await
    }

    /// The last event of a job, for showing only: from any replica when that can not be out of date, because the event
    /// is an end or there is one copy only. Otherwise the leader is asked, since a replica that was cut off shows for a
    /// while what was; its word stands when the leader does not answer, unless it is older than `at_least`, the version
    /// that the caller has seen.
    pub async fn status(
        &self,
        job: JobId,
        at_least: Option<u64>,
    ) -> Result<Option<StoredEvent>, BusError> {
        let stream = self.stream().await?;
        let read = stream.direct_get_last_for_subject(subjects::events(job));
        let Ok(Ok(message)) = tokio::time::timeout(CALL_TIMEOUT, read).await else {
            return self.last(job).await;
        };
        let stored = decode(&message.subject, message.sequence, &message.payload)?;
        if at_least.is_some_and(|version| stored.event.version < version) {
            return self.last(job).await;
        }
        if stored.event.is_terminal() || !self.has_copies() {
            return Ok(Some(stored));
        }
        match tokio::time::timeout(LEADER_PATIENCE, self.last(job)).await {
            Ok(Ok(Some(last))) => Ok(Some(last)),
            _ => Ok(Some(stored)),
        }
    }

    /// Whether there is more than one copy: then a leader may be cut off, and not know what was stored since.
    pub fn has_copies(&self) -> bool {
        self.replicas > 1
    }

    /// The event at a sequence, from the leader; `None` when it was replaced, removed or has expired, or when the leader
    /// is cut off and does not know it.
    pub async fn get(&self, sequence: u64) -> Result<Option<StoredEvent>, BusError> {
        let stream = self.stream().await?;
        decode_found(message_at(&stream, sequence).await?)
    }

    async fn write(
        &self,
        event: &JobEvent,
        expected: u64,
        silent: bool,
        patience: Duration,
    ) -> Result<StoredEvent, WriteError> {
        let id = event.job.id;
        let payload = serde_json::to_vec(event).map_err(|error| {
            WriteError::Unavailable(format!("an event can not be encoded: {error}"))
        })?;
        let mut map = headers::of_event(event);
        if silent {
            map.insert(headers::SILENT, "1");
        }
        if event.is_terminal() {
            // It goes when the status retention ends. The stream keeps one event of each subject, so no older one
            // comes to light then.
            map.insert(
                async_nats::header::NATS_MESSAGE_TTL,
                format!("{}s", self.retention.as_secs()),
            );
        }
        map.insert(
            async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE,
            expected.to_string().as_str(),
        );
        let message = PublishMessage::build().payload(Bytes::from(payload)).headers(map);
        let (deadline, subject) = (Instant::now() + patience, subjects::events(id));
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match publish(&self.jetstream, &subject, &message, left).await {
                Ok(ack) => return Ok(StoredEvent { event: event.clone(), sequence: ack.sequence }),
                Err(Refusal::WrongSequence) => {}
                Err(Refusal::Full | Refusal::SubjectTaken | Refusal::TooLarge) => {
                    return Err(WriteError::Full);
                }
                Err(Refusal::Unknown(reason)) => return Err(WriteError::Unavailable(reason)),
            }
            let last = match self.last(id).await {
                Ok(last) => last,
                Err(error) => return Err(WriteError::Unavailable(error.to_string())),
            };
            match judge(event, expected, last) {
                Standing::Ours(stored) => return Ok(*stored),
                Standing::Theirs(last) => return Err(WriteError::Conflict(last)),
                Standing::Undecided if Instant::now() + UNDECIDED_PAUSE >= deadline => {
                    let reason = "a swap was neither stored nor lost in time".to_owned();
                    return Err(WriteError::Unavailable(reason));
                }
                Standing::Undecided => tokio::time::sleep(UNDECIDED_PAUSE).await,
            }
        }
    }

    /// An error when the leader does not hear from most copies. One that is cut off answers for about ten seconds as if
    /// nothing had happened since, while another leads: it knows no job that was accepted meanwhile.
    pub(super) async fn check_leader(&self) -> Result<(), BusError> {
        if !self.has_copies() {
            return Ok(());
        }
        let info = bounded(self.stream().await?.get_info()).await?;
        let Some(cluster) = info.cluster else { return Ok(()) };
        let heard =
            cluster.replicas.iter().filter(|peer| !peer.offline && peer.active < SILENCE).count();
        if (heard + 1) * 2 > info.config.num_replicas {
            Ok(())
        } else {
            Err(BusError::unavailable("the leader of the events is cut off"))
        }
    }

    async fn stream(&self) -> Result<Stream<()>, BusError> {
        self.jetstream.get_stream_no_info(subjects::JOB_EVENTS).await.map_err(BusError::unavailable)
    }
}

/// Whose event stands after the broker refused a swap.
#[derive(Debug)]
enum Standing {
    /// Our own: an earlier try was stored and its ack lost.
    Ours(Box<StoredEvent>),
    /// Another one, or none is left.
    Theirs(Option<Box<StoredEvent>>),
    /// Still the one that was to be followed: a try, ours or somebody else's, is on its way through the replicas.
    Undecided,
}

fn judge(event: &JobEvent, expected: u64, last: Option<StoredEvent>) -> Standing {
    match last {
        Some(last) if last.sequence == expected => Standing::Undecided,
        None if expected == 0 => Standing::Undecided,
        // An end keeps its id when it is told again without its content.
        Some(last) if last.event.id == event.id => Standing::Ours(Box::new(last)),
        last => Standing::Theirs(last.map(Box::new)),
    }
}

fn decode_found(found: Option<StreamMessage>) -> Result<Option<StoredEvent>, BusError> {
    found.map(|message| decode(&message.subject, message.sequence, &message.payload)).transpose()
}

/// Reads the payload of an event message.
pub(super) fn decode(
    subject: &str,
    sequence: u64,
    payload: &[u8],
) -> Result<StoredEvent, BusError> {
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::clock::SystemClock;

    fn queued() -> JobEvent {
        let job = json!({
            "v": 1, "id": JobId::new(&SystemClock), "tenant": "acme", "operation": "diagnostic.echo",
            "capability": "diagnostic", "model": "diagnostic", "lane": "normal", "max_attempts": 1,
            "created_at": "2026-11-21T09:00:00Z"
        });
        JobEvent::submitted(serde_json::from_value(job).unwrap(), &SystemClock)
    }

    /// On a cluster a swap is refused while an earlier try of it is on its way through the replicas. The leader then
    /// still shows the event before it, which says that nobody has won yet.
    #[test]
    fn an_unchanged_last_event_is_no_verdict() {
        let (event, other) = (queued(), queued());
        let stored =
            |event: &JobEvent, sequence| Some(StoredEvent { event: event.clone(), sequence });
        assert!(matches!(judge(&event, 0, None), Standing::Undecided));
        assert!(matches!(judge(&event, 7, stored(&other, 7)), Standing::Undecided));
        assert!(matches!(judge(&event, 7, stored(&other, 8)), Standing::Theirs(Some(_))));
        assert!(matches!(judge(&event, 7, None), Standing::Theirs(None)));
        assert!(matches!(judge(&event, 7, stored(&event, 8)), Standing::Ours(_)));
    }
}
