//! One job: is its message there?

use common::bus::{BusError, PublishError, StoredEvent};
use common::job::{JobId, JobState};

use super::suspects::{Suspects, Verdict};
use crate::context::{Context, PATIENCE};
use crate::trouble::Trouble;

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// The job has ended, or its message is there.
    Sound,
    /// The message was not found, once.
    Suspect,
    /// The message was missing and is published again.
    Repaired,
    /// The job has no event any more.
    NoEvent,
    /// The event can not be read: nothing can be done, and it must not stop the others.
    Unreadable,
}

/// Looks for the message of a job and republishes it when it is missing for the second time.
///
/// The message is looked for in the order in which it moves (scheduled, due, queued), so that it can not slip past;
/// the event is read after that. A message goes for good only after the job's event has changed, so an unchanged event
/// says that the message was missing while the job still needed it.
pub(super) async fn examine(
    context: &Context,
    suspects: &mut Suspects,
    job: JobId,
) -> Result<Finding, Trouble> {
    let Some(before) = read(context, job).await? else { return Ok(Finding::NoEvent) };
    let Some(before) = before else {
        suspects.clear(job);
        return Ok(Finding::Unreadable);
    };
    if before.event.is_terminal()
        || context.bus.find_job_message(&before.event.job).await?.is_some()
    {
        suspects.clear(job);
        return Ok(Finding::Sound);
    }
    let grace = context.config.keeper.repair_grace;
    if suspects.not_found(job, before.sequence, grace) == Verdict::LookAgain {
        return Ok(Finding::Suspect);
    }
    let after = read(context, job).await?.flatten();
    if after.is_none_or(|after| after.sequence != before.sequence) {
        suspects.clear(job);
        return Ok(Finding::Sound);
    }
    match republish(context, &before).await {
        Ok(()) => {}
        // One queue that takes nothing must not hold up the jobs of the others.
        Err(Trouble::Publish(refusal @ (PublishError::Full | PublishError::TooLarge))) => {
            tracing::warn!(job.id = %job, %refusal, "the message of a job is missing and not taken");
            suspects.postpone(job);
            return Ok(Finding::Suspect);
        }
        Err(error) => return Err(error),
    }
    // Whether it arrived is seen the next time round.
    suspects.clear(job);
    tracing::warn!(
        job.id = %job,
        state = %before.event.state,
        "the message of a job was missing and is published again"
    );
    context.metrics.repaired("message");
    Ok(Finding::Repaired)
}

/// The last event from the leader: `None` when there is none, `Some(None)` when it can not be read.
async fn read(context: &Context, job: JobId) -> Result<Option<Option<StoredEvent>>, Trouble> {
    match context.bus.events().last(job).await {
        Ok(found) => Ok(found.map(Some)),
        Err(error @ BusError::Undecodable { .. }) => {
            tracing::error!(job.id = %job, %error, "a job can not be repaired");
            Ok(Some(None))
        }
        Err(error) => Err(error.into()),
    }
}

/// Publishes the message of a job again from its event: as a schedule when the job is not due, else into the queue.
/// When somebody was faster the broker refuses the second copy. A running job whose message is missing gets one too:
/// the next worker takes over when its own has vanished, and drops the message when the job has ended.
async fn republish(context: &Context, stored: &StoredEvent) -> Result<(), Trouble> {
    let event = &stored.event;
    let waits = event.state != JobState::Running && event.run_at > context.clock.now();
    if waits {
        context.bus.schedule_job(stored, PATIENCE).await?;
    } else {
        let job = &event.job;
        let ensure = context.bus.ensure_lane_consumers(&job.capability, &job.model, job.lane);
        if let Err(error) = ensure.await {
            // The message waits for it in its stream.
            tracing::warn!(job.id = %job.id, job.model, %error, "a consumer can not be made");
        }
        context.bus.republish_job(stored, PATIENCE).await?;
    }
    Ok(())
}
