//! How an engine fails: the error carries its own fate.

use std::time::Duration;

use common::error_code::ErrorCode;
use common::job::JobError;

/// Why a run did not succeed, and what becomes of the job.
#[derive(Clone, Debug)]
pub enum EngineError {
    /// May pass: run again, not sooner than `after` when the provider said so.
    Retry {
        /// What went wrong.
        error: JobError,
        /// The least delay, for example a provider's `Retry-After`.
        after: Option<Duration>,
    },
    /// The caller's fault, or permanent.
    Fail(JobError),
    /// Not now (for example the provider is loading the model): run later, no attempt spent.
    Snooze {
        /// How long to wait.
        after: Duration,
    },
    /// Stopped because the run was asked to stop.
    Canceled,
}

impl EngineError {
    /// A failure that may pass.
    pub fn retry(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Retry { error: JobError::retryable(code, message), after: None }
    }

    /// A failure that running again does not mend.
    pub fn fail(code: ErrorCode, message: impl Into<String>) -> Self {
        Self::Fail(JobError::permanent(code, message))
    }
}
