//! Jobs that the records hold open although JOB_EVENTS knows them no more.

use common::bus::WriteError;
use common::error_code::ErrorCode;
use common::job::{JobError, JobId, Outcome};
use common::records::OpenJob;

use crate::context::{Context, PATIENCE};
use crate::trouble::Trouble;

/// Settles a job without an event.
///
/// Either its terminal event came and went, with its time to live, before it could be recorded: then nobody will ask
/// for it and the record is removed. Or the stream was lost and made anew after the job's last record: then the job was
/// lost with it, and it is ended so that its owner hears of it.
pub(super) async fn settle(context: &Context, open: &OpenJob) -> Result<(), Trouble> {
    let position = context.bus.consumer_position(common::bus::FixedConsumer::Record).await?;
    if position.stream_created > open.at {
        return end(context, open.id).await;
    }
    let retention = context.bus.events().retention();
    if open.at.plus(retention) < context.clock.now() {
        tracing::warn!(job.id = %open.id, "a job ended without being recorded; its record is removed");
        context.records.remove_job(open.id).await?;
        context.metrics.cleaned("unrecorded_jobs", 1);
    }
    Ok(())
}

async fn end(context: &Context, id: JobId) -> Result<(), Trouble> {
    let Some(record) = context.records.open_job(id).await? else { return Ok(()) };
    let error = JobError::retryable(
        ErrorCode::Internal,
        "the queue lost the job together with its storage; submit it again",
    );
    let retention = context.bus.events().retention();
    let finished = record.finished(Outcome::Failed(error), None, retention, context.clock.as_ref());
    let Ok(event) = finished else { return Ok(()) };
    match context.bus.events().create(&event, PATIENCE).await {
        Ok(_) => {
            tracing::error!(job.id = %id, "the stream that held a job is gone; the job is ended");
            context.metrics.repaired("lost_job");
            Ok(())
        }
        // Somebody was faster.
        Err(WriteError::Conflict(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
