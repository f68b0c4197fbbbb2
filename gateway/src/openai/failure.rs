//! How a call fails before its answer begins.

use std::time::Duration;

use common::error_code::ErrorCode;
use common::job::{JobEnvelope, JobId};

use crate::api::ApiError;
use crate::submit::named;

/// When a caller may come again who found no worker.
const NO_WORKER_RETRY: Duration = Duration::from_secs(5);

/// Nobody offers the model. A call was withdrawn, a durable job goes on waiting.
pub(super) fn no_worker(job: &JobEnvelope, withdrawn: bool) -> ApiError {
    let rest = if withdrawn {
        "Please try again later.".to_owned()
    } else {
        format!("The job waits for one: read it at /v1/jobs/{}.", job.id)
    };
    let message = format!("No worker offers the model '{}' now. {rest}", job.model);
    named(ApiError::new(ErrorCode::NoWorker, message).retry_after(NO_WORKER_RETRY), job.id)
}

/// The call took longer than a synchronous call may.
pub(super) fn deadline(job: JobId) -> ApiError {
    let message = "The call took too long and was canceled. Longer work is asked for with \
                   'Prefer: respond-async'.";
    named(ApiError::new(ErrorCode::DeadlineExceeded, message), job)
}
