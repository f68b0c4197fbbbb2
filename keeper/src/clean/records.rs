//! Cleaning by the records: a batch of each kind at a time.

use std::time::Duration;

use common::bus::FixedConsumer;
use common::objects::RunKey;
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::content;
use crate::context::Context;
use crate::duty::{Duty, Next};
use crate::trouble::Trouble;

/// Jobs of one kind that are cleaned in one tick.
const PER_TICK: usize = 200;
/// Jobs that are cleaned at the same time.
const CLEANING: usize = 8;
/// Rows that one transaction removes.
const ROWS: usize = 1_000;
/// How long after the end of its job a run that lost may still be storing objects.
const LOSER_GRACE: Duration = Duration::from_hours(1);

/// Removes what the records say is over its retention.
pub(crate) struct Cleaner {
    context: Context,
}

impl Cleaner {
    pub(crate) fn new(context: &Context) -> Self {
        Self { context: context.clone() }
    }

    /// Input, result and artifacts of jobs that ended long enough ago.
    async fn remove_content(&self) -> Result<usize, Trouble> {
        let before = self.context.clock.now().minus(self.context.config.retention.results);
        let jobs = self.context.records.jobs_with_content(before, PER_TICK).await?;
        if jobs.is_empty() {
            return Ok(0);
        }
        let told = self.context.bus.consumer_position(FixedConsumer::Outbox).await?.ack_floor;
        let work: Vec<_> =
            jobs.iter().map(|event| content::remove(&self.context, event, told)).collect();
        stream::iter(work).buffer_unordered(CLEANING).try_collect::<()>().await?;
        self.context.metrics.cleaned("content", jobs.len());
        Ok(jobs.len())
    }

    /// Objects of runs whose outcome was discarded.
    async fn remove_leftovers(&self) -> Result<usize, Trouble> {
        let before = self.context.clock.now().minus(LOSER_GRACE);
        let jobs = self.context.records.jobs_with_leftovers(before, PER_TICK).await?;
        for event in &jobs {
            let winner = (event.state == common::job::JobState::Succeeded)
                .then_some(event.run_id)
                .flatten()
                .map(|run| RunKey { job: event.job.id, run }.prefix());
            let removed =
                content::remove_outputs(&self.context, event.job.id, winner.as_deref()).await?;
            self.context.metrics.cleaned("leftover_objects", removed);
            self.context.records.forget_leftovers(event.job.id).await?;
        }
        Ok(jobs.len())
    }

    async fn remove_rows(&self) -> Result<usize, Trouble> {
        let (now, retention) = (self.context.clock.now(), &self.context.config.retention);
        let jobs = self.context.records.remove_old_jobs(now.minus(retention.records), ROWS).await?;
        let before = now.minus(retention.deliveries);
        let deliveries = self.context.records.remove_old_deliveries(before, ROWS).await?;
        self.context.metrics.cleaned("job_records", jobs);
        self.context.metrics.cleaned("delivery_records", deliveries);
        Ok(jobs.max(deliveries))
    }
}

impl Duty for Cleaner {
    fn name(&self) -> &'static str {
        "clean"
    }

    async fn tick(&mut self) -> Result<Next, Trouble> {
        let content = self.remove_content().await?;
        let leftovers = self.remove_leftovers().await?;
        let rows = self.remove_rows().await?;
        self.context.metrics.open_jobs(&self.context.records.count_open_jobs().await?);
        let more = content.max(leftovers) == PER_TICK || rows == ROWS;
        Ok(if more { Next::AtOnce } else { Next::In(self.context.config.keeper.clean_interval) })
    }
}
