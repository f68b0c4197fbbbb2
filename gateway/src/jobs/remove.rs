//! Removing the content of an ended job before its retention ends.

use std::time::Duration;

use common::bus::{FixedConsumer, WriteError};
use common::error_code::ErrorCode;
use common::job::{EventKind, JobEvent, JobId, JobState, Tenant};
use common::objects::job_prefix;

use super::{Unknown, dead_letter, decide};
use crate::api::ApiError;
use crate::state::AppState;

/// How long the write may take.
const PATIENCE: Duration = Duration::from_millis(1800);

/// Removes input, result and files of an ended job, and returns what is left of it: that it was, and how it ended.
/// Safe to repeat.
///
/// The event is written again without its content, under its own id: the end stays the same one, and its webhooks are
/// made once, whichever of the two the outbox reads. The keeper takes the content out of the records when it reads
/// that event. Objects go first, so that a crash in between leaves an event that can be removed again.
///
/// Of a job that is forgotten everywhere else the dead letter goes, with the inputs that were kept for it.
pub(crate) async fn remove_content(
    state: &AppState,
    tenant: &Tenant,
    id: JobId,
) -> Result<JobEvent, ApiError> {
    let known = match decide(state, tenant, id).await {
        Ok(known) => known,
        // With the records away there may be a row whose content stays.
        Err(Unknown::Forgotten(error)) if error.code() == ErrorCode::NotFound => {
            return remove_dead_letter(state, tenant, id).await?.ok_or(error);
        }
        Err(unknown) => return Err(unknown.into()),
    };
    if !known.event.is_terminal() {
        return Err(ApiError::conflict("The job has not ended. Cancel it first."));
    }
    if !known.content_removed && known.sequence.is_none() {
        return Err(ApiError::conflict(
            "The job ended so long ago that its content is removed by retention only.",
        ));
    }
    // Retention leaves a dead letter and what it needs to run again.
    state.objects.delete_prefix(&job_prefix(id)).await?;
    state.bus.remove_dead_job(&known.event.job).await?;
    let Some(sequence) = known.sequence.filter(|_| !known.content_removed) else {
        return Ok(known.event);
    };
    let bare = known.event.without_content(state.clock.as_ref());
    let events = state.bus.events();
    // Once its webhooks are made none may follow: deliveries of long ago are forgotten, and would be made anew.
    let swap = if was_told(state, sequence).await {
        events.tell_again(&bare, sequence, PATIENCE).await
    } else {
        events.swap(&bare, sequence, PATIENCE).await
    };
    match swap {
        Ok(stored) => Ok(stored.event),
        // Only another removal writes after the end.
        Err(WriteError::Conflict(Some(last))) if last.event.content_removed_at.is_some() => {
            Ok(last.event)
        }
        Err(error) => Err(error.into()),
    }
}

/// Removes the dead letter of a forgotten job, and returns what it told: how the job ended, but not when. `None` when
/// there is none. Objects go first, so that a crash in between leaves a letter that can be removed again.
async fn remove_dead_letter(
    state: &AppState,
    tenant: &Tenant,
    id: JobId,
) -> Result<Option<JobEvent>, ApiError> {
    let Some(dead) = dead_letter(state, tenant, id).await? else { return Ok(None) };
    state.objects.delete_prefix(&job_prefix(id)).await?;
    state.bus.remove_dead_job(&dead.job).await?;
    // The letter was written a moment before the end.
    let bare = dead.without_content(state.clock.as_ref());
    Ok(Some(JobEvent { state: JobState::Failed, kind: EventKind::Failed, ..bare }))
}

/// Whether the outbox has certainly made what follows from the event at `sequence`.
async fn was_told(state: &AppState, sequence: u64) -> bool {
    let position = state.bus.consumer_position(FixedConsumer::Outbox);
    let position = tokio::time::timeout(PATIENCE, position).await;
    matches!(position, Ok(Ok(position)) if sequence <= position.ack_floor)
}
