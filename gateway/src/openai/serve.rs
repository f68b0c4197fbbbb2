//! One call of an OpenAI-shaped route, in whichever style it was made.

use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use common::job::JobEnvelope;
use http::{HeaderMap, StatusCode};

use super::grow::grow;
use super::peek::peek;
use super::waited::{Outcome, Waited};
use super::whole::whole;
use crate::answer::{mark, with_job};
use crate::api::{ApiBody, ApiError};
use crate::auth::Caller;
use crate::idempotency::{Fingerprint, Idempotency};
use crate::jobs::find;
use crate::state::AppState;
use crate::style::{CallStyle, Mode};
use crate::submit::{Durability, SubmitRequest, Submitted, named, submit};
use crate::wait::{CallGuard, Session};

/// What is called.
pub(super) struct Call {
    /// The route, which is part of an idempotent request's fingerprint.
    pub(super) route: &'static str,
    /// The operation that it stands for.
    pub(super) operation: &'static str,
    /// Whether its answer can be had as it grows.
    pub(super) can_stream: bool,
    /// The body.
    pub(super) body: ApiBody,
}

/// Serves a call.
pub(super) async fn serve(
    state: &AppState,
    caller: Caller,
    headers: &HeaderMap,
    call: Call,
) -> Result<Response, ApiError> {
    let style = CallStyle::read(headers, Mode::Sync, state.config.gateway.max_wait)?;
    call.body.expect_json()?;
    let peek = peek(&call.body.bytes)?;
    let stream = peek.stream && call.can_stream && style.mode != Mode::Async;
    let mut request = SubmitRequest {
        model: peek.model,
        input_path: "",
        webhook: style.webhook.clone(),
        idempotency: style.idempotency_key.clone().map(|key| Idempotency {
            key,
            fingerprint: Fingerprint::of_route(call.route).with(&call.body.bytes).finish(),
        }),
        waits: style.mode != Mode::Async,
        stream,
        ..SubmitRequest::new(caller.tenant, call.operation, call.body.bytes)
    };
    if style.mode == Mode::Sync {
        request.make_call_if_plain();
    }
    let plain = request.durability == Durability::Call;
    let submitted = submit(state, request).await?;
    let (job, replayed) = (Arc::clone(&submitted.job), submitted.replayed);
    let mut response = match style.mode {
        Mode::Async => match &submitted.event {
            Some(stored) => with_job(state, StatusCode::ACCEPTED, &stored.event),
            None => accepted(state, &job).await?,
        },
        Mode::Sync => {
            let limit = state.config.gateway.sync_timeout;
            let waited = wait_for(state, submitted, plain, limit, true).await?;
            match answer(state, waited, stream).await? {
                Outcome::Answer(response) => response,
                Outcome::NotYet => return Err(crate::answer::wait_timeout(job.id, limit)),
            }
        }
        Mode::Wait(limit) => {
            let waited = wait_for(state, submitted, plain, limit, false).await?;
            match answer(state, waited, stream).await? {
                Outcome::Answer(response) => response,
                Outcome::NotYet => accepted(state, &job).await?,
            }
        }
    };
    mark(&mut response, &style, replayed);
    Ok(response)
}

async fn answer(state: &AppState, waited: Waited, stream: bool) -> Result<Outcome, ApiError> {
    if stream { grow(state, waited).await } else { whole(state, waited).await }
}

/// Begins to wait for what was submitted. From here on a plain call ends with its caller.
async fn wait_for(
    state: &AppState,
    submitted: Submitted,
    plain: bool,
    limit: Duration,
    needs_worker: bool,
) -> Result<Waited, ApiError> {
    let Submitted { job, event, replies, .. } = submitted;
    match (event, replies) {
        (None, Some(replies)) => Ok(Waited {
            guard: Some(CallGuard::of_call(state, Arc::clone(&job))),
            session: Session::for_call(state, job, replies, limit),
            durable: false,
            limit,
        }),
        (_, replies) => {
            let guard = plain.then(|| CallGuard::of_job(state, Arc::clone(&job)));
            let id = job.id;
            let session = Session::for_job(state, job, replies, limit, needs_worker).await;
            let session = session.map_err(|error| named(error.into(), id))?;
            Ok(Waited { guard, session, durable: true, limit })
        }
    }
}

/// 202 with the job as it stands.
async fn accepted(state: &AppState, job: &JobEnvelope) -> Result<Response, ApiError> {
    let known = find(state, &job.tenant, job.id, None).await;
    let known = known.map_err(|error| named(error, job.id))?;
    Ok(with_job(state, StatusCode::ACCEPTED, &known.event))
}
