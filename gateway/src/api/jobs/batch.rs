//! `POST /v1/jobs/batch`.

use axum::extract::State;
use common::job::{JobObject, Lane};
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::body::JobRequest;
use crate::api::{ApiError, ApiJson, ErrorBody, ErrorDetail};
use crate::auth::Caller;
use crate::idempotency::{Fingerprint, Idempotency};
use crate::state::AppState;
use crate::style::{CallStyle, Mode};
use crate::submit::{SubmitRequest, Submitted, submit_all};

const ROUTE: &str = "/v1/jobs/batch";
const MAX_JOBS: usize = 1000;

/// Many jobs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BatchRequest {
    /// 1 to 1000 jobs, each as for `POST /v1/jobs`; they go to the lane `bulk` unless they name another.
    #[schema(value_type = Vec<JobRequest>, min_items = 1, max_items = 1000)]
    jobs: Vec<Box<RawValue>>,
}

/// What became of each job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchAnswer {
    /// Always `list`.
    object: &'static str,
    /// One entry per job, in the order of the request.
    data: Vec<BatchEntry>,
    /// How many were accepted.
    accepted: usize,
    /// How many were refused.
    refused: usize,
}

/// What became of one job.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchEntry {
    /// The status that the job would have been answered with alone: 202, or that of the error.
    status: u16,
    /// The accepted job.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobObject>,
    /// Whether it is the job of an earlier batch with the same Idempotency-Key.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replayed: bool,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ErrorDetail>,
}

/// Submits up to 1000 jobs in one request.
///
/// Each is accepted or refused on its own. With an `Idempotency-Key` a repeated batch is answered with the jobs of the
/// first one, job by job.
#[utoipa::path(
    post, path = "/v1/jobs/batch", tag = "jobs",
    params(("Idempotency-Key" = Option<String>, Header, description = "The same key, place and job within a day is the same job")),
    request_body = BatchRequest,
    responses(
        (status = 200, description = "What became of each job, in their order", body = BatchAnswer),
        (status = 400, description = "Not readable; the place is named", body = ErrorBody),
        (status = 422, description = "No jobs, or too many", body = ErrorBody),
    ),
)]
pub(crate) async fn create_batch(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    ApiJson(batch): ApiJson<BatchRequest>,
) -> Result<ApiJson<BatchAnswer>, ApiError> {
    if !(1..=MAX_JOBS).contains(&batch.jobs.len()) {
        let message = format!("must have 1 to {MAX_JOBS} jobs, not {}", batch.jobs.len());
        return Err(ApiError::invalid_field("jobs", message));
    }
    let style = CallStyle::read(&headers, Mode::Async, state.config.gateway.max_wait)?;
    let requests =
        batch.jobs.iter().enumerate().map(|(index, job)| read(&caller, &style, index, job));
    let outcomes = submit_all(&state, requests).await;
    let data: Vec<BatchEntry> =
        outcomes.into_iter().map(|outcome| entry(&state, outcome)).collect();
    let accepted = data.iter().filter(|entry| entry.job.is_some()).count();
    let refused = data.len() - accepted;
    Ok(ApiJson(BatchAnswer { object: "list", data, accepted, refused }))
}

fn read(
    caller: &Caller,
    style: &CallStyle,
    index: usize,
    job: &RawValue,
) -> Result<SubmitRequest, ApiError> {
    let text = job.get().as_bytes();
    let mut submit = JobRequest::read(text, caller.tenant.clone(), Lane::Bulk)?;
    if submit.webhook.is_none() {
        submit.webhook.clone_from(&style.webhook);
    }
    submit.idempotency = style.idempotency_key.as_ref().map(|key| Idempotency {
        key: format!("{key}#{index}"),
        fingerprint: Fingerprint::of_route(ROUTE).with(text).finish(),
    });
    Ok(submit)
}

fn entry(state: &AppState, outcome: Result<Submitted, ApiError>) -> BatchEntry {
    match outcome {
        Ok(submitted) => BatchEntry {
            status: 202,
            job: submitted.event.as_ref().map(|stored| state.job_object(&stored.event)),
            replayed: submitted.replayed,
            error: None,
        },
        Err(error) => {
            if let Some(cause) = error.cause() {
                tracing::warn!(%error, %cause, "a job of a batch was not accepted");
            }
            BatchEntry {
                status: error.status().as_u16(),
                job: None,
                replayed: false,
                error: Some(error.body().error),
            }
        }
    }
}
