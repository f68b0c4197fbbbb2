//! `GET /v1/jobs/{id}`.

use std::time::Duration;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use common::bus::{EventFeed, Follow};
use common::job::{JobId, JobObject};
use http::header::{CACHE_CONTROL, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::Deserialize;
use tokio::time::Instant;
use utoipa::IntoParams;

use crate::answer::with_job;
use crate::api::{ApiError, ApiPath, ApiQuery, ErrorBody};
use crate::auth::Caller;
use crate::jobs::{Known, find};
use crate::state::AppState;

/// How often a held request reads the status besides, in case that a repeated event was lost.
const CHECK_EVERY: Duration = Duration::from_secs(10);

/// How long a read may be held.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadQuery {
    /// Hold the answer for up to so many seconds: until the job has ended, or, with `If-None-Match`, until it has
    /// changed.
    wait: Option<u64>,
}

/// Reads a job.
///
/// While it waits, `queue_position` and `estimated_wait_s` are estimates from the figures of the last minutes. The
/// `ETag` is the job's version.
#[utoipa::path(
    get, path = "/v1/jobs/{id}", tag = "jobs",
    params(
        ("id" = String, Path, description = "The job"),
        ReadQuery,
        ("If-None-Match" = Option<String>, Header, description = "The ETag that you have"),
    ),
    responses(
        (status = 200, description = "The job", body = JobObject, headers(("ETag" = String))),
        (status = 304, description = "It has not changed"),
        (status = 404, description = "There is no such job", body = ErrorBody),
        (status = 503, description = "The broker or the records are away", body = ErrorBody),
    ),
)]
pub(crate) async fn read_job(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(id): ApiPath<JobId>,
    ApiQuery(query): ApiQuery<ReadQuery>,
) -> Result<Response, ApiError> {
    let seen = seen_version(&headers);
    let wait = Duration::from_secs(query.wait.unwrap_or(0)).min(state.config.gateway.max_wait);
    let mut known = find(&state, &caller.tenant, id, seen).await?;
    if !wait.is_zero() && !is_awaited(&known, seen) {
        known = hold(&state, &caller, known, seen, wait).await?;
    }
    let version = known.event.version;
    let mut response = if seen == Some(version) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        with_job(&state, StatusCode::OK, &known.event)
    };
    let headers = response.headers_mut();
    headers.insert(ETAG, etag(version));
    // A stored copy must be asked about again: the job may have moved on.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

/// Whether this is what the caller waits for.
fn is_awaited(known: &Known, seen: Option<u64>) -> bool {
    // Nothing follows an end, also when the caller has seen it.
    known.event.is_terminal() || seen.is_some_and(|seen| known.event.version > seen)
}

/// Waits until the job is what the caller waits for, the time is over, or the process stops.
async fn hold(
    state: &AppState,
    caller: &Caller,
    mut known: Known,
    seen: Option<u64>,
    wait: Duration,
) -> Result<Known, ApiError> {
    let id = known.event.job.id;
    let until = Instant::now() + wait;
    let soft = state.lifecycle.soft();
    let mut feed = state.bus.follow(id).await?;
    loop {
        // After the subscription, so that nothing falls between; and from time to time.
        known = find(state, &caller.tenant, id, Some(known.event.version)).await?;
        if is_awaited(&known, seen) {
            return Ok(known);
        }
        tokio::select! {
            () = tokio::time::sleep_until(until) => return Ok(known),
            () = soft.cancelled() => return Ok(known),
            () = tokio::time::sleep(CHECK_EVERY) => {}
            event = next_event(&mut feed) => match event {
                Some(event) => {
                    known = Known { event: *event, sequence: None, content_removed: false };
                    if is_awaited(&known, seen) {
                        return Ok(known);
                    }
                }
                None => feed = state.bus.follow(id).await?,
            },
        }
    }
}

async fn next_event(feed: &mut EventFeed) -> Option<Box<common::job::JobEvent>> {
    loop {
        if let Follow::Event(event) = feed.next().await? {
            return Some(event);
        }
    }
}

fn etag(version: u64) -> HeaderValue {
    HeaderValue::from_str(&format!("\"{version}\"")).unwrap_or(HeaderValue::from_static("\"0\""))
}

/// The version in `If-None-Match`; proxies may have made it weak.
fn seen_version(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(IF_NONE_MATCH)?.to_str().ok()?.trim();
    value.strip_prefix("W/").unwrap_or(value).trim_matches('"').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_tag() {
        let seen = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(IF_NONE_MATCH, HeaderValue::from_static(value));
            seen_version(&headers)
        };
        assert_eq!(seen("\"3\""), Some(3));
        assert_eq!(seen("W/\"12\""), Some(12));
        assert_eq!(seen("*"), None);
        assert_eq!(etag(3), "\"3\"");
    }
}
