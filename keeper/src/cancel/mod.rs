//! Jobs that are to be canceled and whose worker vanished.
//!
//! A job that waits is canceled by the gateway, one that runs by its worker; and a worker that gets the message of a
//! vanished one ends the job instead of running it. What is left is for the keeper: there is no other worker.

#[cfg(test)]
mod tests;

use std::time::Duration;

use common::job::{JobEvent, JobState, Outcome};
use common::records::OpenJob;

use crate::context::Context;
use crate::duty::{Duty, Next};
use crate::trouble::Trouble;

/// Jobs that are looked at in one tick.
const PER_TICK: usize = 200;
/// How long after the request a job is its worker's to end, before a vanished worker is considered.
const RUNNING_GRACE: Duration = Duration::from_mins(1);

/// Ends jobs whose cancellation was asked for and that nobody runs any more.
pub(crate) struct Canceler {
    context: Context,
    /// How far the pass through all such jobs is: those of workers that are still at it must not hide the others.
    after: Option<OpenJob>,
}

impl Canceler {
    pub(crate) fn new(context: &Context) -> Self {
        Self { context: context.clone(), after: None }
    }

    async fn cancel(&self, open: &OpenJob) -> Result<(), Trouble> {
        let Some(last) = self.context.last_event(open.id).await? else { return Ok(()) };
        if last.event.state == JobState::Canceled {
            // Whoever ended it may have died before this.
            return Ok(self.context.bus.remove_job(&last.event.job).await?);
        }
        if !self.is_due(&last.event) || self.context.somebody_runs(&last.event).await? {
            return Ok(());
        }
        if !self.context.end(&last, Outcome::Canceled).await? {
            // The next pass looks again.
            return Ok(());
        }
        tracing::info!(job.id = %open.id, "a job is canceled whose worker vanished");
        self.context.metrics.canceled.inc();
        Ok(self.context.bus.remove_job(&last.event.job).await?)
    }

    /// Whether the job runs, as far as its event says, although somebody asked to cancel it a grace ago.
    fn is_due(&self, event: &JobEvent) -> bool {
        let grace_ago = self.context.clock.now().minus(RUNNING_GRACE);
        event.state == JobState::Running
            && event.cancel_requested_at.is_some_and(|requested| requested < grace_ago)
    }
}

impl Duty for Canceler {
    fn name(&self) -> &'static str {
        "cancel"
    }

    async fn tick(&mut self) -> Result<Next, Trouble> {
        let before = self.context.clock.now().minus(RUNNING_GRACE);
        let found = self.context.records.jobs_to_cancel(before, self.after, PER_TICK).await?;
        for job in &found {
            // First: one job's lasting trouble must not keep those after it from their end.
            self.after = Some(*job);
            self.cancel(job).await?;
        }
        if found.len() == PER_TICK {
            return Ok(Next::AtOnce);
        }
        self.after = None;
        Ok(Next::In(self.context.config.keeper.expire_interval))
    }
}
