//! What a run brought forth, before it is stored.

use std::sync::Arc;

use bytes::Bytes;
use common::job::Artifact;
use serde_json::value::RawValue;

/// The outcome of a successful run.
#[derive(Clone, Debug)]
pub struct Output {
    /// Media type of `body`; `application/json` unless a stream was recorded (`text/event-stream`).
    pub content_type: String,
    /// The result document.
    pub body: Bytes,
    /// Files already stored through [`super::RunContext::store_file`].
    pub artifacts: Vec<Artifact>,
    /// What it cost, in the provider's own terms.
    pub usage: Option<Arc<RawValue>>,
    /// Milliseconds that loading took, where the engine knows.
    pub load_ms: Option<u64>,
}

impl Output {
    /// A JSON result without files.
    pub fn json(value: &impl serde::Serialize) -> Result<Self, serde_json::Error> {
        Ok(Self {
            content_type: "application/json".to_owned(),
            body: Bytes::from(serde_json::to_vec(value)?),
            artifacts: Vec::new(),
            usage: None,
            load_ms: None,
        })
    }
}
