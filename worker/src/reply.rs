//! The way to the caller who waits, and to those who follow.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use common::bus::{Bus, Reply, ReplyKind};
use common::job::{JobEnvelope, JobError, JobId, RunId};
use tokio::time::Instant;

/// The largest part of an answer in one message; the broker's own limit is a megabyte.
const PART_BYTES: usize = 256 * 1024;
/// How often followers hear of progress at most.
const PROGRESS_EVERY: Duration = Duration::from_millis(250);

/// A part of an answer could not be sent: the broker is away.
#[derive(Debug, thiserror::Error)]
#[error("the answer can not be sent: {0}")]
pub struct ReplyError(#[from] common::bus::BusError);

/// Sends numbered replies of one run. Silent when nobody waits.
pub struct ReplySink {
    bus: Option<Bus>,
    gateway: Option<String>,
    job: JobId,
    run_id: RunId,
    stream: bool,
    next: AtomicU64,
    sent: AtomicBool,
    last_progress: std::sync::Mutex<Option<Instant>>,
}

impl ReplySink {
    /// The sink for one run of a job.
    pub(crate) fn new(bus: &Bus, job: &JobEnvelope, run_id: RunId) -> Self {
        Self {
            bus: Some(bus.clone()),
            gateway: job.reply_to.clone(),
            job: job.id,
            run_id,
            stream: job.stream && job.reply_to.is_some(),
            next: AtomicU64::new(0),
            sent: AtomicBool::new(false),
            last_progress: std::sync::Mutex::new(None),
        }
    }

    /// A sink that leads nowhere, for tests of engines.
    #[cfg(test)]
    pub(crate) fn silent(job: JobId, run_id: RunId, stream: bool) -> Self {
        Self {
            bus: None,
            gateway: None,
            job,
            run_id,
            stream,
            next: AtomicU64::new(0),
            sent: AtomicBool::new(false),
            last_progress: std::sync::Mutex::new(None),
        }
    }

    /// Whether the caller waits for the answer as it grows.
    pub fn wants_stream(&self) -> bool {
        self.stream
    }

    /// Whether a part of the answer was sent: from then on the run can not be repeated unseen.
    pub fn has_sent(&self) -> bool {
        self.sent.load(Ordering::Acquire)
    }

    /// Sends a part of the growing answer. It counts as sent even when sending fails half way.
    pub async fn chunk(&self, part: Bytes) -> Result<(), ReplyError> {
        if part.is_empty() {
            return Ok(());
        }
        self.sent.store(true, Ordering::Release);
        let mut rest = part;
        while rest.len() > PART_BYTES {
            let head = rest.split_to(PART_BYTES);
            self.send(ReplyKind::Chunk, head).await?;
        }
        self.send(ReplyKind::Chunk, rest).await
    }

    /// Tells followers how far the run is, 0 to 1. Too frequent calls are dropped; failures are of no consequence.
    pub async fn progress(&self, fraction: f64) {
        let Some(bus) = &self.bus else { return };
        let due = {
            let mut last =
                self.last_progress.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let due = last.is_none_or(|at| at.elapsed() >= PROGRESS_EVERY);
            if due {
                *last = Some(Instant::now());
            }
            due
        };
        if due && let Err(error) = bus.publish_progress(self.job, fraction).await {
            tracing::debug!(%error, "progress was not sent");
        }
    }

    /// Says that this run owns the job. The first reply.
    pub(crate) async fn started(&self) {
        self.send_logged(ReplyKind::Started, Bytes::new()).await;
    }

    /// Sends the whole answer, in parts when it is large. After chunks the body is empty.
    pub(crate) async fn result(&self, content_type: &str, body: Bytes) {
        let mut rest = body;
        while rest.len() > PART_BYTES {
            let head = rest.split_to(PART_BYTES);
            self.send_logged(ReplyKind::Chunk, head).await;
        }
        self.send_logged(ReplyKind::Result { content_type: content_type.to_owned() }, rest).await;
    }

    /// Says that the run failed for good.
    pub(crate) async fn error(&self, error: &JobError) {
        let body = serde_json::to_vec(error).unwrap_or_default();
        self.send_logged(ReplyKind::Error, body.into()).await;
    }

    async fn send_logged(&self, kind: ReplyKind, body: Bytes) {
        if let Err(error) = self.send(kind, body).await {
            tracing::warn!(job.id = %self.job, %error, "a reply was not sent");
        }
    }

    async fn send(&self, kind: ReplyKind, body: Bytes) -> Result<(), ReplyError> {
        let (Some(bus), Some(gateway)) = (&self.bus, &self.gateway) else { return Ok(()) };
        let sequence = self.next.fetch_add(1, Ordering::AcqRel);
        let reply = Reply { run_id: self.run_id, sequence, kind, body };
        bus.publish_reply(gateway, self.job, &reply).await.map_err(ReplyError::from)
    }
}
