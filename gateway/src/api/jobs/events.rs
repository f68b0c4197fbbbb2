//! `GET /v1/jobs/{id}/events`.

use std::collections::VecDeque;
use std::convert::Infallible;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bytes::Bytes;
use common::bus::{EventFeed, Follow};
use common::job::{JobEvent, JobId, Tenant};
use common::webhook::WebhookPayload;
use http::{HeaderMap, HeaderName};
use serde::Deserialize;
use tokio::time::{Interval, MissedTickBehavior};
use tokio_util::sync::CancellationToken;
use utoipa::IntoParams;

use crate::api::{ApiError, ApiPath, ApiQuery, ErrorBody};
use crate::auth::Caller;
use crate::jobs::find;
use crate::sse;
use crate::state::AppState;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Where a follower begins.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct FollowQuery {
    /// Only events after this version; the header `Last-Event-ID` says the same and comes first.
    after: Option<u64>,
}

/// Follows a job as server-sent events.
///
/// Each event has the job's version as `id`, its type (for example `job.started`) as `event`, and as `data` the same
/// object that a webhook posts. `job.progress` has no id: `{"progress": 0.5}`. A comment is sent every ten seconds,
/// and the stream ends after the event that ends the job. It begins with the last event, which has taken the place of
/// those before it: each tells the whole job.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/events", tag = "jobs",
    params(
        ("id" = String, Path, description = "The job"),
        FollowQuery,
        ("Last-Event-ID" = Option<u64>, Header, description = "The version that you have"),
    ),
    responses(
        (status = 200, description = "The events", body = WebhookPayload, content_type = "text/event-stream"),
        (status = 404, description = "There is no such job", body = ErrorBody),
    ),
)]
pub(crate) async fn follow_job(
    State(state): State<AppState>,
    caller: Caller,
    headers: HeaderMap,
    ApiPath(id): ApiPath<JobId>,
    ApiQuery(query): ApiQuery<FollowQuery>,
) -> Result<Response, ApiError> {
    let header = headers.get(LAST_EVENT_ID).and_then(|value| value.to_str().ok()?.parse().ok());
    let seen = header.or(query.after).unwrap_or(0);
    // Also tells whose job it is.
    let known = find(&state, &caller.tenant, id, None).await?;
    let feed = state.bus.follow(id).await?;
    let mut follower = Follower::new(&state, caller.tenant, id, seen, feed);
    follower.catch_up().await?;
    if known.sequence.is_none() {
        // Only the record is left of it.
        follower.take(&known.event);
    }
    Ok(sse::response(Body::from_stream(follower.into_stream())))
}

/// One follower's stream.
struct Follower {
    state: AppState,
    tenant: Tenant,
    job: JobId,
    seen: u64,
    ended: bool,
    feed: EventFeed,
    ready: VecDeque<Bytes>,
    keepalive: Interval,
    stop: CancellationToken,
}

impl Follower {
    fn new(state: &AppState, tenant: Tenant, job: JobId, seen: u64, feed: EventFeed) -> Self {
        let mut keepalive =
            tokio::time::interval_at(tokio::time::Instant::now() + sse::KEEPALIVE, sse::KEEPALIVE);
        keepalive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self {
            state: state.clone(),
            tenant,
            job,
            seen,
            ended: false,
            feed,
            ready: VecDeque::new(),
            keepalive,
            stop: state.lifecycle.soft(),
        }
    }

    /// Takes the last event, when the follower has not seen it.
    async fn catch_up(&mut self) -> Result<(), ApiError> {
        if let Some(last) = self.state.bus.events().last(self.job).await? {
            self.take(&last.event);
        }
        Ok(())
    }

    fn take(&mut self, event: &JobEvent) {
        if event.version > self.seen {
            self.seen = event.version;
            let payload = WebhookPayload::of_job(event, self.state.job_object(event));
            if let Ok(data) = payload.into_body() {
                self.ready.push_back(sse::event(Some(event.version), event.kind.as_str(), &data));
            }
        }
        self.ended |= event.is_terminal();
    }

    /// The next bytes; `None` at the end.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(ready) = self.ready.pop_front() {
                return Some(ready);
            }
            if self.ended {
                return None;
            }
            tokio::select! {
                // A client that is cut off by a stop comes back to another gateway with its last id.
                () = self.stop.cancelled() => return None,
                follow = self.feed.next() => match follow {
                    Some(Follow::Event(event)) => self.take(&event),
                    Some(Follow::Progress(progress)) => {
                        let data = format!("{{\"progress\":{progress}}}");
                        self.ready.push_back(sse::event(None, "job.progress", &data));
                    }
                    None => return None,
                },
                _ = self.keepalive.tick() => {
                    self.ready.push_back(sse::comment());
                    self.check().await;
                }
            }
        }
    }

    /// A repeated event may have been lost while the connection was away.
    async fn check(&mut self) {
        match find(&self.state, &self.tenant, self.job, Some(self.seen)).await {
            Ok(known) if known.event.version > self.seen => {
                if self.catch_up().await.is_err() || known.sequence.is_none() {
                    self.take(&known.event);
                }
            }
            Ok(known) => self.ended |= known.event.is_terminal(),
            Err(error) => {
                tracing::debug!(job.id = %self.job, %error, "a followed job was not read");
            }
        }
    }

    fn into_stream(self) -> impl futures::Stream<Item = Result<Bytes, Infallible>> {
        futures::stream::unfold(self, async |mut follower| {
            let bytes = follower.next().await?;
            Some((Ok(bytes), follower))
        })
    }
}
