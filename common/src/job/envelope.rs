//! What was asked: written once at submit, carried by every message of the job.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{JobId, Tenant};
use crate::clock::Timestamp;

/// The priority class of a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lane {
    /// A plain synchronous call: in memory, promised to nobody before it is answered.
    Interactive,
    /// A durable job.
    Normal,
    /// A durable job that yields to the others, but is never starved.
    Bulk,
}

impl Lane {
    /// The lanes of durable jobs.
    pub const DURABLE: [Self; 2] = [Self::Normal, Self::Bulk];

    /// The lane as subject token and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Interactive => "interactive",
            Self::Normal => "normal",
            Self::Bulk => "bulk",
        }
    }
}

/// A stored object: its key in the object store and its size.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ObjectRef {
    /// Key in the object store.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// A file given with a job; the worker reads it by key and never sees a caller's URL.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct InputFile {
    /// The role that the operation gives it, for example `source` or `watermark`.
    pub name: String,
    /// Key in the object store.
    pub key: String,
    /// Media type, as sniffed or declared.
    pub content_type: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// A job as it was asked for. It never changes; what changes is in the events.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobEnvelope {
    /// Format of this envelope; 1.
    pub v: u8,
    /// The job.
    pub id: JobId,
    /// Its owner.
    pub tenant: Tenant,
    /// What it does, for example `chat` or `video.trim`.
    pub operation: String,
    /// What a worker must be able to do, for example `llm` or `ffmpeg`.
    pub capability: String,
    /// The model, or the capability's only one.
    pub model: String,
    /// Its priority class.
    pub lane: Lane,
    /// How many runs it may have, at least 1.
    pub max_attempts: u32,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Not before this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_at: Option<Timestamp>,
    /// Not after this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// The operation's parameters, byte for byte as the caller sent them. Absent when `input_object` holds them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub input: Option<Arc<RawValue>>,
    /// Where the parameters lie when they are too large for a message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub input_object: Option<ObjectRef>,
    /// Files that the operation reads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<InputFile>,
    /// Where the terminal event is posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// The caller's own labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// The job that this one runs again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<JobId>,
    /// SHA-256 of the request, in hex, when it came with an idempotency key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// The gateway that waits for an answer, under its reply subject.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// Whether the waiting caller wants the answer as it grows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stream: bool,
}

impl JobEnvelope {
    /// The format that this program writes.
    pub const VERSION: u8 = 1;

    /// Whether the deadline has passed at `now`.
    pub fn is_past_deadline(&self, now: Timestamp) -> bool {
        self.deadline.is_some_and(|deadline| deadline <= now)
    }

    /// The same envelope without the parameters, for records of calls that keep no content.
    #[must_use]
    pub fn without_input(&self) -> Self {
        Self { input: None, input_object: None, ..self.clone() }
    }
}
