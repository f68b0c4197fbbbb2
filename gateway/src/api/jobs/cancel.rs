//! `POST /v1/jobs/{id}/cancel`.

use axum::extract::State;
use axum::response::Response;
use common::job::{JobId, JobObject};
use http::StatusCode;

use crate::answer::with_job;
use crate::api::{ApiError, ApiPath, ErrorBody};
use crate::auth::Caller;
use crate::jobs::cancel;
use crate::state::AppState;

/// Cancels a job.
///
/// A job that waits is canceled at once. One that runs is asked to stop: it shows `cancel_requested_at`, and ends as
/// `canceled` unless its result was there first. Canceling a job that has ended changes nothing; the answer shows how
/// it ended.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/cancel", tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The job as it stands now", body = JobObject),
        (status = 404, description = "There is no such job", body = ErrorBody),
        (status = 503, description = "The broker is away", body = ErrorBody),
    ),
)]
pub(crate) async fn cancel_job(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
) -> Result<Response, ApiError> {
    let event = cancel(&state, &caller.tenant, id).await?;
    Ok(with_job(&state, StatusCode::OK, &event))
}
