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
        Self { state: state.clone(), job, place: Place::Calls, outcome: Outcome::Canceled, armed: true }
    }

    /// Guards a call that went to JOBS because CALLS was away.
    pub(crate) fn of_job(state: &AppState, job: Arc<JobEnvelope>) -> Self {
        Self { state: state.clone(), job, place: Place::Jobs, outcome: Outcome::Canceled, armed: true }
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
        if !self.armed {
            return;
        }
        let (state, job, place) = (self.state.clone(), Arc::clone(&self.job), self.place);
        let outcome = self.outcome.clone();
        tracing::info!(job.id = %job.id, "nobody waits for the call any more; it is withdrawn");
        self.state.lifecycle.spawn("withdraw", async move {
            end(&state, &job, place, outcome).await;
            Ok(())
        });
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
