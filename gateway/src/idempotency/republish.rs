//! Seeing a repeated request's job on its way.

use std::time::Duration;

use common::bus::{PublishError, StoredEvent};
use common::job::JobState;

use crate::state::AppState;
use crate::submit;

/// Publishes the message of a job that still waits: the earlier request may have been cut off between event and
/// message. A copy that is there already is not doubled.
pub(crate) async fn republish(
    state: &AppState,
    stored: &StoredEvent,
    patience: Duration,
) -> Result<(), submit::Error> {
    let job = &stored.event.job;
    let published = match stored.event.state {
        JobState::Queued if stored.event.version == 1 => {
            state.bus.ensure_model_consumers(&job.capability, &job.model).await?;
            state.bus.publish_job(stored, patience).await
        }
        JobState::Scheduled => state.bus.schedule_job(stored, patience).await,
        _ => Ok(()),
    };
    match published {
        Ok(()) => Ok(()),
        // The event stands, so the job is accepted; the keeper repairs what is missing.
        Err(error @ (PublishError::Full | PublishError::TooLarge)) => {
            tracing::warn!(job.id = %job.id, %error, "a repeated job was not published again");
            Ok(())
        }
        Err(PublishError::Unavailable(cause)) => {
            Err(submit::Error::Unavailable { job: Some(job.id), cause })
        }
    }
}
