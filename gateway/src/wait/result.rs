//! What a terminal event says to the caller who waited for it.

use axum::body::Body;
use bytes::Bytes;
use common::error_code::ErrorCode;
use common::job::{JobError, JobEvent, JobState};
use common::objects::{ObjectError, Objects};

/// A result as it is stored.
pub(crate) struct StoredResult {
    /// Its media type.
    pub(crate) content_type: String,
    /// Its size in bytes.
    pub(crate) bytes: u64,
    /// Its content.
    pub(crate) body: Body,
}

/// The result of a succeeded job; `None` when it was not kept or was removed.
pub(crate) async fn stored_result(
    objects: &Objects,
    event: &JobEvent,
) -> Result<Option<StoredResult>, ObjectError> {
    let Some(result) = &event.result else { return Ok(None) };
    let body = match (&result.inline, &result.key) {
        (Some(inline), _) => Body::from(Bytes::copy_from_slice(inline.get().as_bytes())),
        (None, Some(key)) => match objects.stream(key, None).await {
            Ok(stream) => Body::from_stream(stream),
            Err(ObjectError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        },
        (None, None) => return Ok(None),
    };
    let content_type = result.content_type.clone();
    Ok(Some(StoredResult { content_type, bytes: result.bytes, body }))
}

/// Why a job has ended without a result; `None` when it has one or has not ended.
pub(crate) fn job_error(event: &JobEvent) -> Option<JobError> {
    match event.state {
        JobState::Failed => Some(event.error.clone().unwrap_or_else(|| {
            JobError::permanent(ErrorCode::EngineFailed, "The job failed without a reason.")
        })),
        JobState::Canceled => {
            Some(JobError::permanent(ErrorCode::Canceled, "The job was canceled."))
        }
        JobState::Expired => Some(JobError::permanent(
            ErrorCode::DeadlineExceeded,
            "The deadline passed before there was a result.",
        )),
        JobState::Scheduled | JobState::Queued | JobState::Running | JobState::Succeeded => None,
    }
}
