//! Running an engine: bounded by the deadline and the time limit, its panics caught, stopped when told so.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use common::clock::Timestamp;
use common::error_code::ErrorCode;
use common::job::JobEnvelope;
use common::objects::{ObjectError, Objects};
use futures::FutureExt;

use crate::engine::{Engine, EngineError, Output, RunContext};
use crate::running::{RunHandle, StopReason};

/// How long an engine may take to stop after it was told to; then its future is dropped.
const STOP_GRACE: Duration = Duration::from_secs(5);

/// Runs the engine to its end, or until it was told to stop.
pub(crate) async fn run(
    engine: &dyn Engine,
    context: &RunContext,
    handle: &RunHandle,
    limit: Duration,
) -> Result<Output, EngineError> {
    tracing::debug!(
        job.id = %context.job.id, job.attempt = context.attempt, run.id = %context.run_id,
        "the engine begins"
    );
    let (limit, reason) = time_limit(&context.job, context.clock.now(), limit);
    let work = AssertUnwindSafe(engine.run(context)).catch_unwind();
    tokio::pin!(work);
    let ended = tokio::select! {
        ended = &mut work => ended,
        () = tokio::time::sleep(limit) => {
            handle.stop(reason);
            stop(&mut work).await
        }
        () = handle.cancel.cancelled() => stop(&mut work).await,
    };
    ended.unwrap_or_else(|_| {
        tracing::error!(job.id = %context.job.id, job.kind = context.job.operation, "an engine panicked");
        Err(EngineError::retry(ErrorCode::EngineFailed, "the engine crashed"))
    })
}

/// The operation's parameters: from the envelope, or from the object store when they are large.
pub(crate) async fn input(objects: &Objects, job: &JobEnvelope) -> Result<Bytes, EngineError> {
    if let Some(inline) = &job.input {
        return Ok(Bytes::copy_from_slice(inline.get().as_bytes()));
    }
    let Some(object) = &job.input_object else { return Ok(Bytes::from_static(b"{}")) };
    objects.get(&object.key).await.map_err(|error| match error {
        ObjectError::NotFound(_) => {
            EngineError::fail(ErrorCode::InvalidInput, "the input of the job is gone")
        }
        other => {
            tracing::warn!(error = %other, "an input can not be read");
            EngineError::Snooze { after: Duration::from_secs(10) }
        }
    })
}

/// Which limit comes first, and what it means when it is reached.
fn time_limit(job: &Arc<JobEnvelope>, now: Timestamp, limit: Duration) -> (Duration, StopReason) {
    match job.deadline.map(|deadline| deadline.since(now)) {
        Some(left) if left <= limit => (left, StopReason::Deadline),
        _ => (limit, StopReason::TimedOut),
    }
}

async fn stop<F, T>(work: &mut F) -> Result<Result<Output, EngineError>, T>
where
    F: Future<Output = Result<Result<Output, EngineError>, T>> + Unpin,
{
    tokio::time::timeout(STOP_GRACE, work).await.unwrap_or(Ok(Err(EngineError::Canceled)))
}
