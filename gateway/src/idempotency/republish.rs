//! Seeing a repeated request's job on its way.

use std::time::Duration;

use common::bus::StoredEvent;
use common::job::JobState;

use crate::state::AppState;
use crate::submit;

/// Whether the earlier request may have been cut off before it published the message.
pub(crate) fn may_lack_message(stored: &StoredEvent) -> bool {
    stored.event.state == JobState::Queued && stored.event.version == 1
}

/// Publishes the message of a job that still waits: the earlier request may have been cut off between event and
/// message. A copy that is there already is not doubled.
pub(crate) async fn republish(
    state: &AppState,
    stored: &StoredEvent,
    patience: Duration,
) -> Result<(), submit::Error> {
    let job = &stored.event.job;
    let published = match stored.event.state {
        JobState::Queued if may_lack_message(stored) => {
            state.bus.publish_job(stored, patience).await
        }
        JobState::Scheduled => state.bus.schedule_job(stored, patience).await,
        _ => Ok(()),
    };
    match published {
        Ok(()) => Ok(()),
        // A message that is there is not refused. So the job has none, and whoever made its event may be about to end
        // it for that: it is not accepted, as far as this request can tell.
        Err(error) => {
            Err(submit::Error::Unavailable { job: Some(job.id), cause: error.to_string() })
        }
    }
}
