//! The story of one synchronous call: run, answer, record the end, ack. Its caller waits; nothing was promised.

use std::sync::Arc;
use std::time::Duration;

use common::bus::{Pulled, WriteError};
use common::error_code::ErrorCode;
use common::job::{JobEnvelope, JobError, JobEvent, Outcome, Run};
use tracing::Instrument;

use crate::engine::{Engine, EngineError, Output, RunContext};
use crate::keepalive::KeepAlive;
use crate::own::is_settling;
use crate::reply::ReplySink;
use crate::run;
use crate::running::{RunHandle, StopReason};
use crate::settle::settle;
use crate::worker::Worker;

/// How long the end of a call is tried to be recorded. Its caller has the answer already.
const RECORD_PATIENCE: Duration = Duration::from_secs(5);

/// Sees a pulled call to its end.
pub(crate) async fn run_call(
    worker: &Worker,
    engine: &dyn Engine,
    pulled: Pulled,
    ack_wait: Duration,
    envelope: JobEnvelope,
) {
    let envelope = Arc::new(envelope);
    if envelope.is_past_deadline(worker.clock.now()) {
        return settle(pulled.ack().await);
    }
    let pulled = Arc::new(pulled);
    let run = worker.new_run();
    let handle = Arc::new(RunHandle::new(run.id));
    let Some(_guard) = worker.running.enter(envelope.id, Arc::clone(&handle)) else {
        settle(pulled.nak(Some(worker.bus.ack_wait())).await);
        return;
    };
    worker.stop_if_late(&handle);
    if pulled.delivered > 1 {
        if has_ended(worker, &envelope).await {
            return settle(pulled.ack().await);
        }
        if is_settling(&worker.bus) {
            // Whoever has it may have lost sight of the broker only; a second answer would spoil the first.
            return settle(pulled.nak(Some(worker.bus.ack_wait())).await);
        }
    }
    let _keepalive = KeepAlive::start(
        &worker.lifecycle,
        worker.bus.clone(),
        Arc::clone(&pulled),
        ack_wait,
        envelope.id,
        true,
        Arc::clone(&handle),
    );
    let span = tracing::info_span!(
        "call", job.id = %envelope.id, job.kind = envelope.operation, run.id = %run.id
    );
    async {
        let sink = ReplySink::new(&worker.bus, &envelope, run.id);
        sink.started().await;
        let mut context = worker.context(Arc::clone(&envelope), run.id, 1, sink, &handle);
        let started = worker.clock.now();
        let outcome = match attempts(worker, engine, &mut context, &handle).await {
            Ok(output) => answer(&context, output).await,
            Err(_) if gives_back(&context, &handle) => {
                // The caller still waits and has seen nothing: another worker can answer.
                return settle(pulled.nak(None).await);
            }
            Err(error) => refuse(&context, &handle, error).await,
        };
        worker.metrics.ran(&envelope.operation, worker.clock.now().since(started));
        record(worker, &envelope, &run, started, outcome).await;
        settle(pulled.ack().await);
    }
    .instrument(span)
    .await;
}

async fn has_ended(worker: &Worker, envelope: &JobEnvelope) -> bool {
    let last = worker.bus.events().last(envelope.id).await;
    matches!(last, Ok(Some(stored)) if stored.event.is_terminal())
}

fn gives_back(context: &RunContext, handle: &RunHandle) -> bool {
    handle.stopped() == Some(StopReason::Stopping) && !context.reply.has_sent()
}

/// Runs the engine, again when it failed in a way that may pass and the caller has seen nothing yet.
async fn attempts(
    worker: &Worker,
    engine: &dyn Engine,
    context: &mut RunContext,
    handle: &Arc<RunHandle>,
) -> Result<Output, EngineError> {
    context.input = run::input(&worker.objects, &context.job).await?;
    loop {
        let failed = match run::run(engine, context, handle, worker.limits.run_limit).await {
            Ok(output) => return Ok(output),
            Err(failed) => failed,
        };
        let delay = match &failed {
            EngineError::Retry { after, .. } => {
                worker.limits.retry.delay(context.attempt).max(after.unwrap_or_default())
            }
            EngineError::Snooze { after } => *after,
            EngineError::Fail(_) | EngineError::Canceled => return Err(failed),
        };
        let left = context.job.deadline.map(|deadline| deadline.since(worker.clock.now()));
        let out_of_attempts = context.attempt >= context.job.max_attempts;
        if out_of_attempts
            || handle.stopped().is_some()
            || context.reply.has_sent()
            || left.is_some_and(|left| delay >= left)
        {
            return Err(failed);
        }
        tokio::select! {
            () = handle.cancel.cancelled() => return Err(failed),
            () = tokio::time::sleep(delay) => context.attempt += 1,
        }
    }
}

async fn answer(context: &RunContext, output: Output) -> Outcome {
    let Output { content_type, body, artifacts, usage, load_ms } = output;
    let rest = if context.reply.has_sent() { bytes::Bytes::new() } else { body };
    context.reply.result(&content_type, rest).await;
    Outcome::Succeeded { result: None, artifacts, usage, load_ms }
}

async fn refuse(context: &RunContext, handle: &RunHandle, error: EngineError) -> Outcome {
    let (outcome, error) = match (handle.stopped(), error) {
        (Some(StopReason::Canceled | StopReason::Lost), _) => {
            // Whoever canceled it has recorded why and waits no more.
            return Outcome::Canceled;
        }
        (Some(StopReason::Deadline), _) => (
            Some(Outcome::Expired),
            JobError::permanent(ErrorCode::DeadlineExceeded, "the deadline passed"),
        ),
        (_, EngineError::Retry { error, .. } | EngineError::Fail(error)) => (None, error),
        (_, EngineError::Snooze { .. }) => {
            (None, JobError::retryable(ErrorCode::Unavailable, "the model is not ready yet"))
        }
        (_, EngineError::Canceled) => {
            (None, JobError::retryable(ErrorCode::Unavailable, "the worker was stopped"))
        }
    };
    context.reply.error(&error).await;
    outcome.unwrap_or(Outcome::Failed(error))
}

/// The one event of a call. It is create-only: when the gateway withdrew the call, its event stands. The content of
/// a call is not kept.
async fn record(
    worker: &Worker,
    envelope: &JobEnvelope,
    run: &Run,
    started: common::clock::Timestamp,
    outcome: Outcome,
) {
    let clock = worker.clock.as_ref();
    let mut event = JobEvent::submitted(Arc::new(envelope.without_input()), clock);
    event.started_at = Some(started);
    event.metrics.queue_ms = Some(started.since(envelope.created_at).as_millis() as u64);
    let retention = worker.bus.events().retention();
    let Ok(event) = event.finished(outcome, Some(run), retention, clock) else { return };
    match worker.bus.events().create(&event, RECORD_PATIENCE).await {
        Ok(_) | Err(WriteError::Conflict(_)) => {}
        Err(error) => tracing::warn!(%error, "the end of a call was not recorded"),
    }
}
