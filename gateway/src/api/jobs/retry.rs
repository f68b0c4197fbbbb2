//! `POST /v1/jobs/{id}/retry`.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use common::error_code::ErrorCode;
use common::job::{JobEnvelope, JobId, JobObject, Lane, Tenant};
use common::objects::ObjectError;
use http::{HeaderMap, StatusCode};

use crate::answer::{mark, with_job};
use crate::api::{ApiError, ApiPath, ErrorBody};
use crate::auth::Caller;
use crate::idempotency::{Fingerprint, Idempotency};
use crate::jobs::{Unknown, copy_inputs, dead_letter, decide};
use crate::state::AppState;
use crate::style::{CallStyle, Mode};
use crate::submit::{GivenFile, SubmitRequest, submit};

/// Runs an ended job again, as a new job with the same parameters and files. Its deadline and `run_at` are not
/// repeated. A job that ran out of attempts is kept for this longer than its result: for 30 days.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/retry", tag = "jobs",
    params(
        ("id" = String, Path, description = "The job that ended"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key within a day is the same new job"),
    ),
    responses(
        (status = 202, description = "The new job; `retry_of` names the old one", body = JobObject),
        (status = 404, description = "There is no such job", body = ErrorBody),
        (status = 409, description = "The job has not ended", body = ErrorBody),
        (status = 410, description = "Its parameters or files were removed", body = ErrorBody),
    ),
)]
pub(crate) async fn retry_job(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(id): ApiPath<JobId>,
) -> Result<Response, ApiError> {
    let style = CallStyle::read(&headers, Mode::Async, state.config.gateway.max_wait)?;
    let job = ended(&state, &caller.tenant, id).await?;
    let mut request = again(&state, &job).await?;
    request.idempotency = style.idempotency_key.clone().map(|key| Idempotency {
        key,
        fingerprint: Fingerprint::of_route("/v1/jobs/retry")
            .with(id.to_string().as_bytes())
            .finish(),
    });
    let submitted = submit(&state, request).await?;
    let event = submitted
        .event
        .as_ref()
        .ok_or_else(|| ApiError::internal("a durable job was submitted without an event"))?;
    let mut response = with_job(&state, StatusCode::ACCEPTED, &event.event);
    mark(&mut response, &style, submitted.replayed);
    Ok(response)
}

/// A tenant's job that has ended, with its parameters: as its last event or its record has it, or else its dead letter.
async fn ended(state: &AppState, tenant: &Tenant, id: JobId) -> Result<Arc<JobEnvelope>, ApiError> {
    let refusal = match decide(state, tenant, id).await {
        Ok(known) if !known.event.is_terminal() => {
            return Err(ApiError::conflict("The job has not ended."));
        }
        Ok(known) if !known.content_removed && has_parameters(&known.event.job) => {
            return Ok(known.event.job);
        }
        Ok(_) => gone(),
        Err(Unknown::Forgotten(error)) => error,
        // Without its last event nobody knows that it has ended, whatever a dead letter says.
        Err(Unknown::Refused(error)) => return Err(error),
    };
    let dead = dead_letter(state, tenant, id).await?;
    dead.map(|event| event.job).filter(|job| has_parameters(job)).ok_or(refusal)
}

fn has_parameters(job: &JobEnvelope) -> bool {
    job.input.is_some() || job.input_object.is_some()
}

/// The request for another run of the job.
async fn again(state: &AppState, job: &Arc<JobEnvelope>) -> Result<SubmitRequest, ApiError> {
    let id = JobId::new(state.clock.as_ref());
    let copied = match copy_inputs(&state.objects, job, id).await {
        Ok(copied) => copied,
        Err(error) => {
            // A file may have been copied before the one that is missing.
            let _ = state.objects.delete_prefix(&common::objects::job_prefix(id)).await;
            return Err(match error {
                ObjectError::NotFound(_) => gone(),
                other => other.into(),
            });
        }
    };
    let files = copied.files.into_iter().map(|file| (file.name.clone(), GivenFile::Stored(file)));
    Ok(SubmitRequest {
        id: Some(id),
        model: Some(job.model.clone()),
        input_object: copied.input_object,
        files: files.collect(),
        lane: durable(job),
        max_attempts: Some(job.max_attempts),
        webhook: job.webhook.clone(),
        metadata: job.metadata.clone(),
        retry_of: Some(job.id),
        ..SubmitRequest::new(job.tenant.clone(), job.operation.clone(), input(job))
    })
}

fn input(job: &JobEnvelope) -> Bytes {
    let input = job.input.as_ref();
    input.map_or_else(Bytes::new, |input| Bytes::copy_from_slice(input.get().as_bytes()))
}

/// The lane of the new job: a call is run again as a job.
fn durable(job: &JobEnvelope) -> Lane {
    match job.lane {
        Lane::Interactive | Lane::Normal => Lane::Normal,
        Lane::Bulk => Lane::Bulk,
    }
}

fn gone() -> ApiError {
    ApiError::new(
        ErrorCode::Gone,
        "The parameters or files of the job were removed, on request or at the end of their retention, so it can not run \
         again. Submit it anew.",
    )
}
