//! `DELETE /v1/jobs/{id}`.

use axum::extract::State;
use common::job::{JobId, JobObject};

use crate::api::{ApiError, ApiJson, ApiPath, ErrorBody};
use crate::auth::Caller;
use crate::jobs::remove_content;
use crate::state::AppState;

/// Removes the content of an ended job now: input, result and files. What stays is that the job was, and how it ended.
#[utoipa::path(
    delete, path = "/v1/jobs/{id}", tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The job without its content", body = JobObject),
        (status = 404, description = "There is no such job", body = ErrorBody),
        (status = 409, description = "The job has not ended", body = ErrorBody),
        (status = 503, description = "The broker or the object store is away", body = ErrorBody),
    ),
)]
pub(crate) async fn delete_job(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
) -> Result<ApiJson<JobObject>, ApiError> {
    let event = remove_content(&state, &caller.tenant, id).await?;
    Ok(ApiJson(state.job_object(&event)))
}
