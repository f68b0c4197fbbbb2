//! Objects that no job needs any more: a gateway stored an input and died before it wrote the event, or the dead letter
//! is gone for which the inputs of a failed job were kept.

use std::collections::HashSet;
use std::time::Duration;

use common::bus::BusError;
use common::job::JobId;
use common::objects::job_prefix;
use futures::TryStreamExt as _;

use super::content::is_kept_as_dead;
use crate::context::Context;
use crate::duty::{Duty, Next};
use crate::trouble::Trouble;

/// Listing the objects of all jobs takes many requests, so it is done seldom.
const INTERVAL: Duration = Duration::from_hours(12);
/// Jobs that are looked at in one tick.
const PER_TICK: usize = 50_000;
/// Younger objects may belong to a job whose event is still to come, or is still to be recorded.
const GRACE: Duration = Duration::from_hours(48);
/// Where the objects of jobs begin.
const JOBS: &str = "jobs";

/// Removes the objects that no job needs.
pub(crate) struct OrphanCleaner {
    context: Context,
}

impl OrphanCleaner {
    pub(crate) fn new(context: &Context) -> Self {
        Self { context: context.clone() }
    }

    async fn old_jobs(&self) -> Result<HashSet<JobId>, Trouble> {
        let keep = GRACE.max(self.context.config.retention.results);
        let before = self.context.clock.now().minus(keep);
        let mut listing = self.context.objects.list(JOBS, Some(before));
        let mut jobs = HashSet::new();
        while let Some(object) = listing.try_next().await? {
            jobs.extend(job_of(&object.key));
            if jobs.len() == PER_TICK {
                break;
            }
        }
        Ok(jobs)
    }

    /// Whether there is a job that may still need these objects.
    async fn is_needed(&self, job: JobId) -> Result<bool, Trouble> {
        let needed = match self.context.records.has_content(job).await? {
            Some(has_content) => has_content,
            None => match self.context.bus.events().last(job).await {
                Ok(found) => found.is_some(),
                // Whatever it says, it is there.
                Err(BusError::Undecodable { .. }) => true,
                Err(error) => return Err(error.into()),
            },
        };
        Ok(needed || is_kept_as_dead(&self.context, job).await?)
    }
}

/// The job of an object's key.
fn job_of(key: &str) -> Option<JobId> {
    key.strip_prefix(JOBS)?.strip_prefix('/')?.split('/').next()?.parse().ok()
}

impl Duty for OrphanCleaner {
    fn name(&self) -> &'static str {
        "clean_orphans"
    }

    async fn tick(&mut self) -> Result<Next, Trouble> {
        for job in self.old_jobs().await? {
            if !self.is_needed(job).await? {
                let removed = self.context.objects.delete_prefix(&job_prefix(job)).await?;
                tracing::info!(job.id = %job, removed, "removed objects that no job needs");
                self.context.metrics.cleaned("orphaned_objects", removed as usize);
            }
        }
        Ok(Next::In(INTERVAL))
    }
}
