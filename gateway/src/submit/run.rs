//! The flow of one submit.

use std::sync::Arc;
use std::time::Duration;

use common::bus::{PublishError, StoredEvent};
use common::job::{JobEnvelope, JobId, Lane};
use common::objects::job_prefix;

use super::patience::Patience;
use super::publish::{Published, ensure_consumers, publish_call, publish_job};
use super::validate::{Draft, validate};
use super::{Error, SubmitRequest};
use super::{admit::admit, envelope::envelope, inputs::resolve};
use crate::idempotency::{self, Found};
use crate::state::AppState;
use crate::wait::Waiting;

/// How long CALLS is tried before the call goes to JOBS.
const CALLS_PATIENCE: Duration = Duration::from_millis(700);
/// How long it is tried to take a call back that may lie in CALLS.
const REMOVE_PATIENCE: Duration = Duration::from_millis(300);

/// What was accepted.
pub(crate) struct Submitted {
    /// The job.
    pub(crate) job: Arc<JobEnvelope>,
    /// Its event; a call has none until it ends.
    pub(crate) event: Option<StoredEvent>,
    /// Whether it is the job of an earlier request with the same idempotency key.
    pub(crate) replayed: bool,
    /// Its replies, when the request waits and they come to this gateway.
    pub(crate) replies: Option<Waiting>,
}

/// Submits one job: Ok means that the broker has it. What was stored for a job that was certainly not accepted is
/// removed again.
pub(crate) async fn submit(state: &AppState, request: SubmitRequest) -> Result<Submitted, Error> {
    let staged = request.id;
    let mut used = None;
    let outcome = run(state, request, &mut used).await;
    let kept = match &outcome {
        Ok(submitted) => Some(submitted.job.id),
        Err(Error::Unavailable { job, .. }) => *job,
        Err(_) => None,
    };
    let unused = [staged, used.filter(|id| staged != Some(*id))];
    for id in unused.into_iter().flatten().filter(|id| kept != Some(*id)) {
        discard(state, id).await;
    }
    outcome
}

/// Submits; notes in `used` the id under which objects may have been stored.
async fn run(
    state: &AppState,
    request: SubmitRequest,
    used: &mut Option<JobId>,
) -> Result<Submitted, Error> {
    let draft = validate(state, request).await?;
    let mut patience = Patience::new();
    let id = match &draft.request.idempotency {
        None => draft.request.id.unwrap_or_else(|| JobId::new(state.clock.as_ref())),
        Some(key) => {
            let find = idempotency::find(state, &draft.request.tenant, key);
            match patience.bound(find).await? {
                Found::Job(stored) => return replay(state, *stored, &mut patience).await,
                Found::Free(id) => id,
            }
        }
    };
    admit(state, &draft, &mut patience).await?;
    if !draft.request.files.is_empty() || draft.has_object() {
        *used = Some(id);
    }
    let waits = draft.request.waits;
    let job = prepare(state, draft, id).await?;
    // Before the publish, so that no reply is missed.
    let replies = waits.then(|| state.replies.wait_for(id));
    publish(state, job, replies, &mut patience).await
}

async fn prepare(state: &AppState, draft: Draft, id: JobId) -> Result<Arc<JobEnvelope>, Error> {
    let created_at = state.clock.now();
    let files = resolve(state, &draft.request.tenant, id, &draft.request.files).await?;
    envelope(state, draft, id, created_at, files).await
}

async fn publish(
    state: &AppState,
    job: Arc<JobEnvelope>,
    replies: Option<Waiting>,
    patience: &mut Patience,
) -> Result<Submitted, Error> {
    if job.lane != Lane::Interactive {
        return durable(state, job, replies, patience).await;
    }
    match call(state, &job, patience).await {
        Ok(()) => Ok(Submitted { job, event: None, replayed: false, replies }),
        Err(PublishError::Full) => Err(Error::Full),
        Err(PublishError::TooLarge) => Err(Error::TooLarge),
        Err(PublishError::Unavailable(cause)) => {
            tracing::info!(job.id = %job.id, cause, "CALLS is away; the call goes to JOBS");
            fall_back(state, job, replies, patience).await
        }
    }
}

async fn durable(
    state: &AppState,
    job: Arc<JobEnvelope>,
    replies: Option<Waiting>,
    patience: &mut Patience,
) -> Result<Submitted, Error> {
    match publish_job(state, &job, patience).await? {
        Published::Ours(stored) => {
            Ok(Submitted { job, event: Some(stored), replayed: false, replies })
        }
        Published::Theirs(stored) if stored.event.job.fingerprint != job.fingerprint => {
            Err(Error::IdempotencyMismatch)
        }
        Published::Theirs(stored) if idempotency::was_refused(&stored) => Err(Error::Full),
        Published::Theirs(stored) => replay(state, stored, patience).await,
    }
}

/// Publishes a call to JOBS. It may lie in CALLS all the same, when only the broker's answer was late: then it must not
/// run twice, and may even have ended.
async fn fall_back(
    state: &AppState,
    call: Arc<JobEnvelope>,
    replies: Option<Waiting>,
    patience: &mut Patience,
) -> Result<Submitted, Error> {
    let remove = tokio::time::timeout(REMOVE_PATIENCE, state.bus.remove_call(&call));
    let _ = patience.spend(|_| remove).await;
    let job = Arc::new(JobEnvelope { lane: Lane::Normal, ..JobEnvelope::clone(&call) });
    match publish_job(state, &job, patience).await? {
        // The end of the call. Its answer was sent to whoever waits for it.
        Published::Theirs(stored) if stored.event.job.lane == Lane::Interactive => {
            Ok(Submitted { job: call, event: None, replayed: false, replies })
        }
        Published::Ours(stored) | Published::Theirs(stored) => {
            Ok(Submitted { job, event: Some(stored), replayed: false, replies })
        }
    }
}

async fn call(
    state: &AppState,
    job: &JobEnvelope,
    patience: &mut Patience,
) -> Result<(), PublishError> {
    let limit = state.config.gateway.sync_timeout;
    let ttl = job.deadline.map_or(limit, |deadline| deadline.since(state.clock.now()));
    patience
        .spend(|left| async move {
            let limit = left.min(CALLS_PATIENCE);
            let publish = publish_call(&state.bus, job, ttl, limit);
            tokio::time::timeout(limit, publish)
                .await
                .unwrap_or_else(|_| Err(PublishError::Unavailable("no answer in time".to_owned())))
        })
        .await
}

/// Answers with the job of an earlier request. When it still waits, its message is published again: the earlier
/// request may have been cut off between event and message.
async fn replay(
    state: &AppState,
    stored: StoredEvent,
    patience: &mut Patience,
) -> Result<Submitted, Error> {
    let job = Arc::clone(&stored.event.job);
    if idempotency::may_lack_message(&stored) {
        patience.spend(|_| ensure_consumers(&state.bus, &job)).await?;
    }
    let publish = idempotency::republish(state, &stored, patience.left());
    patience.bound(publish).await.map_err(|error| error.of_job(job.id))?;
    Ok(Submitted { job, event: Some(stored), replayed: true, replies: None })
}

async fn discard(state: &AppState, id: JobId) {
    if let Err(error) = state.objects.delete_prefix(&job_prefix(id)).await {
        tracing::debug!(job.id = %id, %error, "inputs of a refused job were not removed");
    }
}
