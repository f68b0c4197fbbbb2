//! What happens when a caller goes away.

use std::sync::Arc;

use common::job::{JobEnvelope, Outcome};

use super::withdraw::withdraw_call;
use crate::state::AppState;

/// Held while a caller waits for the answer to a plain call. Dropping it while it is armed means that the caller
/// left: the call is withdrawn and its worker stopped.
pub(crate) struct CallGuard {
    state: AppState,
    job: Arc<JobEnvelope>,
    place: Place,
    outcome: Outcome,
    armed: bool,
}

/// Where the work lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Calls,
    Jobs,
}

impl CallGuard {
    /// Guards a call in CALLS.
    pub(crate) fn of_call(state: &AppState, job: Arc<JobEnvelope>) -> Self {
        Self {
            state: state.clone(),
            job,
            place: Place::Calls,
            outcome: Outcome::Canceled,
            armed: true,
        }
    }

    /// Guards a call that went to JOBS because CALLS was away.
    pub(crate) fn of_job(state: &AppState, job: Arc<JobEnvelope>) -> Self {
        Self {
            state: state.clone(),
            job,
            place: Place::Jobs,
            outcome: Outcome::Canceled,
            armed: true,
        }
    }

    /// The caller has its answer.
    pub(crate) fn disarm(&mut self) {
        self.armed = false;
    }

    /// Ends the call for another reason than that its caller left. It happens in the background.
    pub(crate) fn give_up(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for CallGuard {
    fn drop(&mut self) {
        let large = self.place == Place::Calls && self.job.input_object.is_some();
        if !self.armed && !large {
            return;
        }
        let (state, job, place) = (self.state.clone(), Arc::clone(&self.job), self.place);
        let (armed, outcome) = (self.armed, self.outcome.clone());
        self.state.lifecycle.spawn("withdraw", async move {
            if armed {
                tracing::info!(job.id = %job.id, "nobody waits for the call any more; it is withdrawn");
                end(&state, &job, place, outcome).await;
            }
            if large {
                remove_input(&state, &job).await;
            }
            Ok(())
        });
    }
}

/// Nothing of a call is kept. An input that stays because of a fault is removed by the keeper.
async fn remove_input(state: &AppState, job: &JobEnvelope) {
    let Some(object) = &job.input_object else { return };
    if let Err(error) = state.objects.delete(&object.key).await {
        tracing::debug!(job.id = %job.id, %error, "the input of a call was not removed");
    }
}

async fn end(state: &AppState, job: &Arc<JobEnvelope>, place: Place, outcome: Outcome) {
    match place {
        Place::Calls => withdraw_call(state, job, outcome).await,
        Place::Jobs => {
            if let Err(error) = crate::jobs::cancel(state, &job.tenant, job.id).await {
                tracing::warn!(job.id = %job.id, %error, "the job of a caller who left was not canceled");
            }
        }
    }
}
