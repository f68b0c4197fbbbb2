//! Ending a call whose caller waits no more.

use std::sync::Arc;
use std::time::Duration;

use common::bus::WriteError;
use common::job::{JobEnvelope, JobEvent, Outcome};

use crate::state::AppState;

/// How long the end of a withdrawn call is tried to be recorded.
const PATIENCE: Duration = Duration::from_secs(5);

/// Stops the worker, writes the end create-only so that a late worker loses, and removes the message. The notice is
/// sent twice: at once, and for a worker who took the message in the meantime.
pub(crate) async fn withdraw_call(state: &AppState, job: &Arc<JobEnvelope>, outcome: Outcome) {
    notify(state, job).await;
    let clock = state.clock.as_ref();
    let retention = state.bus.events().retention();
    let event = JobEvent::submitted(Arc::new(job.without_input()), clock)
        .finished(outcome, None, retention, clock);
    if let Ok(event) = event {
        match state.bus.events().create(&event, PATIENCE).await {
            Ok(_) => {}
            // The worker was faster: there is nothing left to withdraw.
            Err(WriteError::Conflict(_)) => return,
            Err(error) => {
                tracing::warn!(job.id = %job.id, %error, "the end of a withdrawn call was not recorded");
            }
        }
    }
    if let Err(error) = state.bus.remove_call(job).await {
        tracing::debug!(job.id = %job.id, %error, "a withdrawn call was not removed; it expires");
    }
    notify(state, job).await;
}

async fn notify(state: &AppState, job: &JobEnvelope) {
    if let Err(error) = state.bus.publish_cancel(job.id).await {
        tracing::debug!(job.id = %job.id, %error, "a cancel notice was not sent");
    }
}
