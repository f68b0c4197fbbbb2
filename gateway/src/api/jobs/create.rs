//! `POST /v1/jobs`.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, FromRequest, Request, State};
use axum::response::Response;
use common::job::{JobEvent, JobObject, Lane};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::body::JobRequest;
use super::form::{JobForm, read_form};
use crate::answer::{mark, with_job};
use crate::api::{ApiBody, ApiError, ApiMultipart, ErrorBody, media_type};
use crate::auth::Caller;
use crate::idempotency::{Fingerprint, Idempotency};
use crate::jobs::find;
use crate::state::AppState;
use crate::style::{CallStyle, Mode};
use crate::submit::{SubmitRequest, Submitted, submit};
use crate::wait::{Ended, Session, WaitError, collect};

const ROUTE: &str = "/v1/jobs";

/// Submits a job.
///
/// Answers 202 with the job as soon as it is durable. With `Prefer: wait=N` it answers 201 with the ended job when it
/// ends within N seconds. Files come by reference in `files`, or as parts of a multipart form whose part `job` is the
/// JSON.
#[utoipa::path(
    post, path = "/v1/jobs", tag = "jobs",
    params(
        ("Prefer" = Option<String>, Header, description = "`respond-async`, or `wait=N` to wait up to N seconds for the end"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key and body within a day is the same job"),
        ("X-Millrace-Webhook" = Option<String>, Header, description = "Where the end is posted, when the body names no webhook"),
    ),
    request_body(
        content((JobRequest = "application/json"), (JobForm = "multipart/form-data")),
    ),
    responses(
        (status = 201, description = "Ended within the wait", body = JobObject),
        (status = 202, description = "Accepted and durable", body = JobObject,
            headers(("Location" = String), ("Retry-After" = u64), ("X-Millrace-Job" = String))),
        (status = 400, description = "Not readable; the place is named", body = ErrorBody),
        (status = 404, description = "No such operation or model; the nearest names are named", body = ErrorBody),
        (status = 413, description = "Over a size limit", body = ErrorBody),
        (status = 422, description = "Wrong fields, each named; or another request with the same Idempotency-Key", body = ErrorBody),
        (status = 429, description = "The queue is full", body = ErrorBody),
        (status = 503, description = "The broker is away; X-Millrace-Job names a job that may have been accepted", body = ErrorBody),
    ),
)]
pub(crate) async fn create_job(
    State(state): State<AppState>,
    caller: Caller,
    request: Request,
) -> Result<Response, ApiError> {
    let max_wait = state.config.gateway.max_wait;
    let style = CallStyle::read(request.headers(), Mode::Async, max_wait)?;
    let mut submit_request = read(&state, &caller, &style, request).await?;
    if submit_request.webhook.is_none() {
        submit_request.webhook.clone_from(&style.webhook);
    }
    let submitted = submit(&state, submit_request).await?;
    let replayed = submitted.replayed;
    let mut response = match style.mode {
        Mode::Wait(limit) => waited(&state, submitted, limit).await?,
        Mode::Async | Mode::Sync => with_job(&state, StatusCode::ACCEPTED, event(&submitted)?),
    };
    mark(&mut response, &style, replayed);
    Ok(response)
}

/// Reads JSON or a form.
async fn read(
    state: &AppState,
    caller: &Caller,
    style: &CallStyle,
    mut request: Request,
) -> Result<SubmitRequest, ApiError> {
    let tenant = caller.tenant.clone();
    if media_type(request.headers().get(CONTENT_TYPE)) == "multipart/form-data" {
        let ApiMultipart(form) = ApiMultipart::from_request(request, state).await?;
        let form = read_form(state, &tenant, ROUTE, form).await?;
        let mut submit = form.job;
        submit.id = Some(form.id);
        submit.files.extend(form.files);
        submit.idempotency = idempotency(style, || form.fingerprint);
        return Ok(submit);
    }
    // The route's own limit is that of files.
    let limit = usize::try_from(state.config.gateway.body_limit).unwrap_or(usize::MAX);
    DefaultBodyLimit::max(limit).apply(&mut request);
    let body = ApiBody::from_request(request, state).await?;
    body.expect_json()?;
    let mut submit = JobRequest::read(&body.bytes, tenant, Lane::Normal)?;
    submit.idempotency = idempotency(style, || Fingerprint::of_route(ROUTE).with(&body.bytes));
    Ok(submit)
}

fn idempotency(
    style: &CallStyle,
    fingerprint: impl FnOnce() -> Fingerprint,
) -> Option<Idempotency> {
    let key = style.idempotency_key.clone()?;
    Some(Idempotency { key, fingerprint: fingerprint().finish() })
}

/// Waits for the end, and answers with the job in any case.
async fn waited(
    state: &AppState,
    submitted: Submitted,
    limit: Duration,
) -> Result<Response, ApiError> {
    let job = submitted.job.clone();
    let mut session = match Session::for_job(state, job.clone(), None, limit, false).await {
        Ok(session) => session,
        // The job is accepted; not being able to wait for it is no reason to say otherwise.
        Err(error) => {
            tracing::info!(job.id = %job.id, %error, "a job can not be waited for");
            return Ok(with_job(state, StatusCode::ACCEPTED, event(&submitted)?));
        }
    };
    match collect(&mut session, true).await {
        Ok(Ended::Event(event)) => Ok(with_job(state, StatusCode::CREATED, &event)),
        Ok(Ended::Answer { .. } | Ended::Failed(_) | Ended::Lost(_))
        | Err(WaitError::NoWorker | WaitError::TimedOut) => {
            let now = find(state, &job.tenant, job.id, None).await;
            let known = now.map(|known| known.event).or_else(|_| event(&submitted).cloned())?;
            // It may have ended in the moment between the wait and this look.
            let status =
                if known.is_terminal() { StatusCode::CREATED } else { StatusCode::ACCEPTED };
            Ok(with_job(state, status, &known))
        }
    }
}

fn event(submitted: &Submitted) -> Result<&JobEvent, ApiError> {
    let stored = submitted.event.as_ref();
    stored
        .map(|stored| &stored.event)
        .ok_or_else(|| ApiError::internal("a durable job was submitted without an event"))
}
