//! The answers that all routes share: accepted, and done.

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use common::error_code::ErrorCode;
use common::job::{JobEvent, JobId, JobState};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use crate::api::{ApiError, ApiJson};
use crate::state::AppState;
use crate::style::{CallStyle, JOB_HEADER, REPLAYED_HEADER};
use crate::submit::named;
use crate::wait::{job_error, stored_result};

/// When a caller may look at a job again, at least and at most.
const LOOK_AGAIN: (f64, f64) = (1.0, 60.0);

/// The job, with the given status and the headers that lead to it.
pub(crate) fn with_job(state: &AppState, status: StatusCode, event: &JobEvent) -> Response {
    let job = state.job_object(event);
    let again = job.estimated_wait_s.unwrap_or(0.0).clamp(LOOK_AGAIN.0, LOOK_AGAIN.1);
    let location = HeaderValue::from_str(&job.links.this);
    let mut response = (status, ApiJson(job)).into_response();
    let headers = response.headers_mut();
    let is_new = matches!(status, StatusCode::CREATED | StatusCode::ACCEPTED);
    if let (Ok(location), true) = (location, is_new) {
        headers.insert(LOCATION, location);
    }
    if !event.is_terminal() {
        headers.insert(RETRY_AFTER, (again.ceil() as u64).into());
    }
    name_job(&mut response, event.job.id);
    response
}

/// Names the job in the answer.
pub(crate) fn name_job(response: &mut Response, job: JobId) {
    if let Ok(value) = HeaderValue::from_str(&job.to_string()) {
        response.headers_mut().insert(JOB_HEADER, value);
    }
}

/// Says which preference was followed, and whether the job is that of an earlier request.
pub(crate) fn mark(response: &mut Response, style: &CallStyle, replayed: bool) {
    if let Some((name, value)) = style.preference_applied() {
        response.headers_mut().insert(name, value);
    }
    if replayed {
        response.headers_mut().insert(REPLAYED_HEADER, HeaderValue::from_static("true"));
    }
}

/// The result document of a job that has ended, or its failure.
pub(crate) async fn with_result(state: &AppState, event: &JobEvent) -> Result<Response, ApiError> {
    if let Some(error) = job_error(event) {
        return Err(named(ApiError::of_job(&error), event.job.id));
    }
    if event.state != JobState::Succeeded {
        return Err(ApiError::internal("a job without an end was asked for its result"));
    }
    let stored = stored_result(&state.objects, event).await?;
    let Some(stored) = stored else { return Err(named(gone(event), event.job.id)) };
    let mut response = Response::new(stored.body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type(&stored.content_type));
    headers.insert(CONTENT_LENGTH, stored.bytes.into());
    name_job(&mut response, event.job.id);
    Ok(response)
}

/// Bytes with their media type.
pub(crate) fn with_bytes(type_name: &str, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    response.headers_mut().insert(CONTENT_TYPE, content_type(type_name));
    response
}

/// The wait of a synchronous caller ran out; the job goes on.
pub(crate) fn wait_timeout(job: JobId, waited: Duration) -> ApiError {
    let message = format!(
        "There was no answer within {} seconds. The job goes on: read it at /v1/jobs/{job}.",
        waited.as_secs()
    );
    named(ApiError::new(ErrorCode::WaitTimeout, message), job)
}

fn gone(event: &JobEvent) -> ApiError {
    let message = if event.result.is_none() && event.content_removed_at.is_none() {
        "The answer went to the caller who waited for it and was not kept."
    } else {
        "The content was removed after its retention, or on request."
    };
    ApiError::new(ErrorCode::Gone, message)
}

fn content_type(name: &str) -> HeaderValue {
    HeaderValue::from_str(name)
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}
