//! A call that was submitted and is waited for, and how such a wait goes.

use std::time::Duration;

use axum::response::Response;
use common::job::{JobEnvelope, Outcome as JobOutcome};

use super::failure::{deadline, no_worker};
use crate::api::ApiError;
use crate::wait::{CallGuard, Session, WaitError};

/// A call that was submitted and is waited for.
pub(super) struct Waited {
    pub(super) session: Session,
    /// Ends the work with its caller; absent for a durable job.
    pub(super) guard: Option<CallGuard>,
    /// Whether the job's events tell its end, besides the replies.
    pub(super) durable: bool,
    /// How long the caller waits.
    pub(super) limit: Duration,
}

/// How a wait went.
pub(super) enum Outcome {
    /// The answer, whole or begun.
    Answer(Response),
    /// It takes longer than the caller wants to wait.
    NotYet,
}

impl Outcome {
    /// The wait ended before an answer began. The work of a plain call, which is the one with a guard, ends with it; a
    /// durable job goes on.
    pub(super) fn unanswered(
        error: WaitError,
        guard: Option<CallGuard>,
        job: &JobEnvelope,
    ) -> Result<Self, ApiError> {
        match (error, guard) {
            (WaitError::NoWorker, guard) => {
                let withdrawn = guard.is_some();
                if let Some(guard) = guard {
                    guard.give_up(JobOutcome::Canceled);
                }
                Err(no_worker(job, withdrawn))
            }
            (WaitError::TimedOut, Some(guard)) => {
                guard.give_up(JobOutcome::Expired);
                Err(deadline(job.id))
            }
            (WaitError::TimedOut, None) => Ok(Self::NotYet),
        }
    }
}
