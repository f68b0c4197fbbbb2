//! Why a run failed, as the job shows it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::error_code::ErrorCode;

/// The failure of a run: a sentence for people and a code for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobError {
    /// The code that programs may depend on.
    pub code: ErrorCode,
    /// A sentence that a person understands; no secret, no path, no upstream address.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
}

impl JobError {
    /// A failure that running again does not mend.
    pub fn permanent(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: false }
    }

    /// A failure that may pass.
    pub fn retryable(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: true }
    }
}
