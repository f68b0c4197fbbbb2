//! What a run brought forth.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::JobError;

/// A file that a job produced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Artifact {
    /// File name, for example `output.mp4`.
    pub name: String,
    /// Key in the object store.
    pub key: String,
    /// Media type.
    pub content_type: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes, in hex.
    pub sha256: String,
}

/// The outcome of a job as a document: inline JSON when it is small, else an object.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobResult {
    /// Media type; `application/json`, or `text/event-stream` for a recorded stream.
    pub content_type: String,
    /// Size in bytes.
    pub bytes: u64,
    /// The document itself, when it is JSON of at most [`JobResult::INLINE_LIMIT`] bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub inline: Option<Arc<RawValue>>,
    /// Key in the object store, when it is not inline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl JobResult {
    /// Up to this size a JSON result travels in the terminal event itself, so that it is stored in the same step.
    pub const INLINE_LIMIT: usize = 32 * 1024;
}

/// How a run ended, before it is written as an event.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// With a result.
    Succeeded {
        /// The document; absent for a plain synchronous call, whose answer went to the caller.
        result: Option<JobResult>,
        /// Files, in the order of their making.
        artifacts: Vec<Artifact>,
        /// What it cost, in the provider's own terms (for example token counts).
        usage: Option<Arc<RawValue>>,
        /// Milliseconds that loading took, where the engine knows.
        load_ms: Option<u64>,
    },
    /// For good.
    Failed(JobError),
    /// On request.
    Canceled,
    /// Its deadline passed.
    Expired,
}
