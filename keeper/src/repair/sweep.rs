//! Which jobs are examined, and when.
//!
//! A fresh sweep follows the present: every job that has not moved for a grace is looked at once, soon after that. A
//! slow sweep goes round all open jobs again and again, for what was lost or recorded later. Suspects are looked at a
//! second time.

use std::time::Duration;

use common::records::OpenJob;
use tokio::time::Instant;

use super::examine::{Finding, examine};
use super::lost;
use super::suspects::Suspects;
use crate::context::Context;
use crate::duty::{Duty, Next};
use crate::trouble::Trouble;

/// Jobs that one sweep examines in one tick.
const PER_TICK: usize = 500;
/// The least time between two beginnings of the slow sweep.
const ROUND: Duration = Duration::from_mins(1);

/// Repairs jobs.
pub(crate) struct Repairer {
    context: Context,
    suspects: Suspects,
    /// How far the fresh sweep is.
    fresh: Option<OpenJob>,
    /// How far the slow sweep is.
    slow: Option<OpenJob>,
    round_began: Option<Instant>,
}

impl Repairer {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            suspects: Suspects::default(),
            fresh: None,
            slow: None,
            round_began: None,
        }
    }

    async fn look_again_at_suspects(&mut self) -> Result<(), Trouble> {
        let grace = self.context.config.keeper.repair_grace;
        for job in self.suspects.due(grace, PER_TICK) {
            if examine(&self.context, &mut self.suspects, job).await? == Finding::NoEvent {
                self.suspects.clear(job);
            }
        }
        Ok(())
    }

    /// The jobs that came of age since the last tick. Returns whether there are more.
    async fn sweep_fresh(&mut self) -> Result<bool, Trouble> {
        let before = self.context.clock.now().minus(self.context.config.keeper.repair_grace);
        let jobs = self.context.records.stale_jobs(before, self.fresh, PER_TICK).await?;
        for job in &jobs {
            self.look_at(job).await?;
            self.fresh = Some(*job);
        }
        Ok(jobs.len() == PER_TICK)
    }

    /// The next jobs of the round through all.
    async fn sweep_slowly(&mut self) -> Result<(), Trouble> {
        if self.slow.is_none() {
            if self.round_began.is_some_and(|began| began.elapsed() < ROUND) {
                return Ok(());
            }
            // The first fresh sweep goes through all jobs by itself.
            let first = self.round_began.replace(Instant::now()).is_none();
            if first {
                return Ok(());
            }
        }
        let before = self.context.clock.now().minus(self.context.config.keeper.repair_grace);
        let jobs = self.context.records.stale_jobs(before, self.slow, PER_TICK).await?;
        for job in &jobs {
            self.look_at(job).await?;
            self.slow = Some(*job);
        }
        if jobs.len() < PER_TICK {
            self.slow = None;
        }
        Ok(())
    }

    async fn look_at(&mut self, open: &OpenJob) -> Result<(), Trouble> {
        match examine(&self.context, &mut self.suspects, open.id).await? {
            Finding::NoEvent => lost::settle(&self.context, open).await,
            _ => Ok(()),
        }
    }
}

impl Duty for Repairer {
    fn name(&self) -> &'static str {
        "repair"
    }

    async fn tick(&mut self) -> Result<Next, Trouble> {
        self.look_again_at_suspects().await?;
        let more = self.sweep_fresh().await?;
        self.sweep_slowly().await?;
        self.context.metrics.suspects.set(self.suspects.len() as i64);
        Ok(if more { Next::AtOnce } else { Next::In(self.context.config.keeper.repair_interval) })
    }
}
