//! Event, then message: accepted means that the broker has both.

use std::sync::Arc;
use std::time::Duration;

use common::bus::{Bus, BusError, PublishError, StoredEvent, WriteError};
use common::error_code::ErrorCode;
use common::job::{JobEnvelope, JobError, JobEvent, JobState, Outcome};

use super::Error;
use super::patience::Patience;
use crate::state::AppState;

/// How long each look at the consumers may take: a caller waits, and nothing is lost without them.
const ENSURE: Duration = Duration::from_millis(500);

/// What stands after a publish.
#[derive(Debug)]
pub(super) enum Published {
    /// Our job.
    Ours(StoredEvent),
    /// A job of the same id was there already: somebody was faster with the same idempotency key.
    Theirs(StoredEvent),
}

/// Publishes a durable job.
pub(super) async fn publish_job(
    state: &AppState,
    job: &Arc<JobEnvelope>,
    patience: &mut Patience,
) -> Result<Published, Error> {
    patience.spend(|_| ensure_consumers(&state.bus, job)).await?;
    let event = JobEvent::submitted(Arc::clone(job), state.clock.as_ref());
    let written = patience.spend(|left| state.bus.events().create(&event, left)).await;
    let stored = match written {
        Ok(stored) => stored,
        Err(WriteError::Conflict(Some(theirs))) => return Ok(Published::Theirs(*theirs)),
        Err(WriteError::Conflict(None)) => {
            return Err(Error::Internal("a create-only event met no other event".to_owned()));
        }
        Err(WriteError::Full) => return Err(Error::Full),
        Err(WriteError::Unavailable(cause)) => {
            return Err(Error::Unavailable { job: Some(job.id), cause });
        }
    };
    match publish_message(state, &stored, patience).await {
        Ok(()) => Ok(Published::Ours(stored)),
        Err(PublishError::Unavailable(cause)) => {
            Err(Error::Unavailable { job: Some(job.id), cause })
        }
        Err(refusal) => Err(refuse(state, &stored, &refusal, patience).await),
    }
}

/// Publishes the message that belongs to an event; safe to repeat.
pub(super) async fn publish_message(
    state: &AppState,
    stored: &StoredEvent,
    patience: &mut Patience,
) -> Result<(), PublishError> {
    let bus = &state.bus;
    patience
        .spend(|left| async move {
            if stored.event.state == JobState::Scheduled {
                return bus.schedule_job(stored, left).await;
            }
            bus.publish_job(stored, left).await?;
            made_anew(bus, &stored.event.job).await;
            Ok(())
        })
        .await
}

/// Publishes a synchronous call. The broker drops it after `ttl`.
pub(crate) async fn publish_call(
    bus: &Bus,
    job: &JobEnvelope,
    ttl: Duration,
    patience: Duration,
) -> Result<(), PublishError> {
    let unavailable = |error: BusError| PublishError::Unavailable(error.to_string());
    let ensure = bus.ensure_lane_consumers(&job.capability, &job.model, job.lane);
    ensure.await.map_err(unavailable)?;
    bus.publish_call(job, ttl, patience).await?;
    made_anew(bus, job).await;
    Ok(())
}

/// Makes the consumers that will take the message. Costs nothing when they are known to be there. Without them the
/// message waits in its stream until a keeper has made them: no reason to refuse a job, since a cluster may be without
/// a leader for one consumer while everything else works. But when there can be none, nobody would ever take it.
pub(crate) async fn ensure_consumers(bus: &Bus, job: &JobEnvelope) -> Result<(), Error> {
    let ensure = bus.ensure_lane_consumers(&job.capability, &job.model, job.lane);
    let cause = match tokio::time::timeout(ENSURE, ensure).await {
        Ok(Ok(())) => return Ok(()),
        Ok(Err(error @ BusError::TooManyConsumers { .. })) => {
            return Err(Error::TooManyQueues(error.to_string()));
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::warn!(model = job.model, cause, "the consumers of a model can not be made");
    Ok(())
}

/// The same after a publish: the stream may have been made anew in between, for example after a restart of the broker.
/// The message is there whatever comes of it.
async fn made_anew(bus: &Bus, job: &JobEnvelope) {
    if let Err(error) = ensure_consumers(bus, job).await {
        tracing::error!(job.id = %job.id, %error, "a message waits for a consumer that can not be made");
    }
}

/// The broker definitely has no message, so the job ends before its caller is told.
async fn refuse(
    state: &AppState,
    stored: &StoredEvent,
    refusal: &PublishError,
    patience: &mut Patience,
) -> Error {
    let error = JobError::retryable(ErrorCode::Refused, "The queue did not take the job.");
    let retention = state.bus.events().retention();
    let ended =
        stored.event.finished(Outcome::Failed(error), None, retention, state.clock.as_ref());
    let Ok(event) = ended else {
        return Error::Internal("a job that was just queued can not fail".to_owned());
    };
    let swap = patience.spend(|left| state.bus.events().swap(&event, stored.sequence, left)).await;
    match (swap, refusal) {
        (Ok(_), PublishError::TooLarge) => Error::TooLarge,
        (Ok(_), _) => Error::Full,
        // Without the end the keeper will publish the job again: it may still run.
        (Err(error), _) => {
            Error::Unavailable { job: Some(stored.event.job.id), cause: error.to_string() }
        }
    }
}
