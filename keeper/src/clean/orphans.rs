//! Objects that no job needs any more: a gateway stored an input and died before it wrote the event, or the dead letter
//! is gone for which the inputs of a failed job were kept.

use std::time::Duration;

use common::bus::BusError;
use common::clock::Timestamp;
use common::job::JobId;
use common::objects::{ObjectError, ObjectMeta, job_prefix};
use futures::TryStreamExt as _;
use futures::stream::BoxStream;

use super::content::is_kept_as_dead;
use crate::context::Context;
use crate::duty::{Duty, Next};
use crate::trouble::Trouble;

/// Listing the objects of all jobs takes many requests, so it is done seldom.
const INTERVAL: Duration = Duration::from_hours(12);
/// Jobs that are looked at in one tick: each takes a read of SQL, and some of the broker.
const PER_TICK: usize = 200;
/// Objects that are listed in one tick. Most may be too young, or of one job.
const LISTED_PER_TICK: usize = 10_000;
/// Younger objects may belong to a job whose event is still to come, or is still to be recorded.
const GRACE: Duration = Duration::from_hours(48);
/// Where the objects of jobs begin.
const JOBS: &str = "jobs";

/// Removes the objects that no job needs.
pub(crate) struct OrphanCleaner {
    pub(super) context: Context,
    /// How far the pass through all objects is; between passes `None`.
    pass: Option<Pass>,
}

/// A pass through the objects of all jobs.
struct Pass {
    listing: BoxStream<'static, Result<ObjectMeta, ObjectError>>,
    /// The job that was looked at last: stores list the objects of a job together. One that does not has it looked at
    /// again.
    last: Option<JobId>,
}

/// What a pass comes to next.
enum Step {
    /// An object that is no reason to look at a job.
    Skip,
    /// A job that has an old object.
    Job(JobId),
    End,
}

impl Pass {
    async fn step(&mut self, before: Timestamp) -> Result<Step, Trouble> {
        let Some(object) = self.listing.try_next().await? else { return Ok(Step::End) };
        let job = job_of(&object.key).filter(|_| object.modified < before);
        match job.filter(|job| self.last != Some(*job)) {
            Some(job) => {
                self.last = Some(job);
                Ok(Step::Job(job))
            }
            None => Ok(Step::Skip),
        }
    }
}

impl OrphanCleaner {
    pub(crate) fn new(context: &Context) -> Self {
        Self { context: context.clone(), pass: None }
    }
}

/// Removes the objects of a job that does not need them.
async fn examine(context: &Context, job: JobId) -> Result<(), Trouble> {
    if !is_needed(context, job).await? {
        let removed = context.objects.delete_prefix(&job_prefix(job)).await?;
        tracing::info!(job.id = %job, removed, "removed objects that no job needs");
        context.metrics.cleaned("orphaned_objects", removed as usize);
    }
    Ok(())
}

/// Whether there is a job that may still need these objects.
async fn is_needed(context: &Context, job: JobId) -> Result<bool, Trouble> {
    let needed = match context.records.has_content(job).await? {
        Some(has_content) => has_content,
        None => match context.bus.events().confirmed(job).await {
            Ok(found) => found.is_some(),
            // Whatever it says, it is there.
            Err(BusError::Undecodable { .. }) => true,
            Err(error) => return Err(error.into()),
        },
    };
    Ok(needed || is_kept_as_dead(context, job).await?)
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
        let context = &self.context;
        let before = context.clock.now().minus(GRACE.max(context.config.retention.results));
        let pass = self
            .pass
            .get_or_insert_with(|| Pass { listing: context.objects.list(JOBS, None), last: None });
        let mut looked_at = 0;
        for _ in 0..LISTED_PER_TICK {
            match pass.step(before).await {
                Ok(Step::Skip) => {}
                // Trouble with one job leaves it to the next pass: those after it have their turn.
                Ok(Step::Job(job)) => {
                    examine(context, job).await?;
                    looked_at += 1;
                }
                Ok(Step::End) => {
                    self.pass = None;
                    return Ok(Next::In(INTERVAL));
                }
                // A listing that broke does not go on.
                Err(error) => {
                    self.pass = None;
                    return Err(error);
                }
            }
            if looked_at == PER_TICK {
                break;
            }
        }
        Ok(Next::AtOnce)
    }
}
