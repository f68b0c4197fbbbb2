//! `GET /v1/jobs/{id}/result`.

use axum::extract::State;
use axum::response::Response;
use common::job::{JobId, JobObject};
use http::StatusCode;

use crate::answer::{with_job, with_result};
use crate::api::{ApiError, ApiPath, ErrorBody};
use crate::auth::Caller;
use crate::jobs::find;
use crate::state::AppState;

/// Reads the result of a job, as the document that it is.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/result", tag = "jobs",
    params(("id" = String, Path, description = "The job")),
    responses(
        (status = 200, description = "The result, with its own media type", content_type = "application/json"),
        (status = 202, description = "The job has not ended; look again after Retry-After", body = JobObject,
            headers(("Retry-After" = u64))),
        (status = 404, description = "There is no such job", body = ErrorBody),
        (status = 410, description = "The result was removed", body = ErrorBody),
        (status = "default", description = "The job ended without a result: its error, with the error's own status", body = ErrorBody),
    ),
)]
pub(crate) async fn read_result(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<JobId>,
) -> Result<Response, ApiError> {
    let known = find(&state, &caller.tenant, id, None).await?;
    if known.event.is_terminal() {
        with_result(&state, &known.event).await
    } else {
        Ok(with_job(&state, StatusCode::ACCEPTED, &known.event))
    }
}
