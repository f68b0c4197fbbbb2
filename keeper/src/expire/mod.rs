//! Jobs whose deadline passed before anybody ran them.
//!
//! A worker never starts an expired job and ends one that expires while it runs. What is left is for the keeper: jobs
//! that nobody pulls, and jobs whose worker vanished when there is no other to take over.

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
/// How long after its deadline a job that runs is its worker's to end, before a vanished worker is considered.
const RUNNING_GRACE: Duration = Duration::from_mins(1);

/// Ends jobs at their deadline.
pub(crate) struct Expirer {
    context: Context,
    /// How far the pass through all overdue jobs is: those of workers that are still at it must not hide the others.
    after: Option<OpenJob>,
}

impl Expirer {
    pub(crate) fn new(context: &Context) -> Self {
        Self { context: context.clone(), after: None }
    }

    async fn expire(&self, open: &OpenJob) -> Result<(), Trouble> {
        let Some(last) = self.context.last_event(open.id).await? else { return Ok(()) };
        if matches!(last.event.state, JobState::Expired | JobState::Canceled) {
            // Whoever ended it may have died before this.
            return Ok(self.context.bus.remove_job(&last.event.job).await?);
        }
        if last.event.is_terminal() || !last.event.job.is_past_deadline(self.context.clock.now()) {
            return Ok(());
        }
        if last.event.state == JobState::Running && self.somebody_runs(&last.event).await? {
            return Ok(());
        }
        if !self.context.end(&last, Outcome::Expired).await? {
            // The next pass looks again.
            return Ok(());
        }
        tracing::info!(job.id = %open.id, "a job expired before anybody ran it");
        self.context.metrics.expired.inc();
        Ok(self.context.bus.remove_job(&last.event.job).await?)
    }

    async fn somebody_runs(&self, event: &JobEvent) -> Result<bool, Trouble> {
        let deadline = event.job.deadline.unwrap_or(event.time);
        if self.context.clock.now().since(deadline) < RUNNING_GRACE {
            return Ok(true);
        }
        Ok(self.context.somebody_runs(event).await?)
    }
}

impl Duty for Expirer {
    fn name(&self) -> &'static str {
        "expire"
    }

    async fn tick(&mut self) -> Result<Next, Trouble> {
        let now = self.context.clock.now();
        let overdue = self.context.records.overdue_jobs(now, self.after, PER_TICK).await?;
        for job in &overdue {
            // First: one job's lasting trouble must not keep those after it from their end.
            self.after = Some(*job);
            self.expire(job).await?;
        }
        if overdue.len() == PER_TICK {
            return Ok(Next::AtOnce);
        }
        self.after = None;
        Ok(Next::In(self.context.config.keeper.expire_interval))
    }
}
