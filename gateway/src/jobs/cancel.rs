//! Canceling a job. The terminal event decides; whoever writes it first wins, and the answer says who did.

use std::time::Duration;

use common::bus::WriteError;
use common::job::{JobEvent, JobId, JobState, Tenant};

use super::decide;
use crate::api::ApiError;
use crate::state::AppState;

/// How long one write may take.
const PATIENCE: Duration = Duration::from_millis(1800);
/// A job moves on a handful of times while it is being canceled; more is a fault.
const TRIES: usize = 10;

/// Cancels a tenant's job and returns what stands then: a job that waits is canceled at once, one that runs is asked
/// to stop, one that has ended stays as it is. Safe to repeat.
pub(crate) async fn cancel(
    state: &AppState,
    tenant: &Tenant,
    id: JobId,
) -> Result<JobEvent, ApiError> {
    for _ in 0..TRIES {
        let known = decide(state, tenant, id).await?;
        let Some(sequence) = known.sequence else {
            return recorded(known.event);
        };
        let event = known.event;
        if event.is_terminal() {
            return Ok(event);
        }
        if event.state == JobState::Running && event.cancel_requested_at.is_some() {
            // The notice may have been lost.
            notify(state, id).await;
            return Ok(event);
        }
        let next = event.cancel(state.bus.events().retention(), state.clock.as_ref())?;
        match state.bus.events().swap(&next, sequence, PATIENCE).await {
            Ok(stored) => {
                let event = stored.event;
                if event.is_terminal() {
                    remove_message(state, &event).await;
                }
                // Also for a worker who took the message of a queued job a moment ago.
                notify(state, id).await;
                return Ok(event);
            }
            Err(WriteError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(ApiError::conflict("The job moves too fast to be canceled now. Please try again."))
}

/// Without an event the record is the last word, if it is one.
fn recorded(event: JobEvent) -> Result<JobEvent, ApiError> {
    if event.is_terminal() {
        Ok(event)
    } else {
        Err(ApiError::unavailable("job events", "a job that has not ended has no event"))
    }
}

/// A message that stays is dropped by the worker who pulls it: it reads the event first.
async fn remove_message(state: &AppState, event: &JobEvent) {
    if let Err(error) = state.bus.remove_job(&event.job).await {
        tracing::info!(job.id = %event.job.id, %error, "the message of a canceled job was not removed");
    }
}

async fn notify(state: &AppState, id: JobId) {
    if let Err(error) = state.bus.publish_cancel(id).await {
        tracing::info!(job.id = %id, %error, "a cancel notice was not sent");
    }
}
