//! The story of one durable job on this worker: take, run, store, report, ack.

use std::sync::Arc;
use std::time::Duration;

use common::bus::{Pulled, StoredEvent};
use common::error_code::ErrorCode;
use common::job::{JobError, Outcome, Run, RunId};
use tracing::Instrument;

use crate::engine::{Engine, EngineError, Output, RunContext};
use crate::keepalive::KeepAlive;
use crate::own::{Taken, Taker};
use crate::reply::ReplySink;
use crate::report::{Reported, Reporter};
use crate::run;
use crate::running::{RunHandle, StopReason};
use crate::settle::settle;
use crate::store_result::store_result;
use crate::worker::Worker;

/// Deliveries of a job that may pass without a run before it is parked.
const DELIVERY_LIMIT: u64 = 20;
/// How long a job waits that could not be stored or read because the object store is away.
const STORE_PAUSE: Duration = Duration::from_secs(15);

/// Sees a pulled job to its end.
pub(crate) async fn run_job(
    worker: &Worker,
    engine: &dyn Engine,
    pulled: Pulled,
    ack_wait: Duration,
    carried: StoredEvent,
) {
    let pulled = Arc::new(pulled);
    let job = carried.event.job.id;
    let run = worker.new_run();
    let handle = Arc::new(RunHandle::new(run.id));
    let Some(_guard) = worker.running.enter(job, Arc::clone(&handle)) else {
        // This worker runs it already: the other delivery will settle it.
        settle(pulled.nak(Some(worker.bus.ack_wait())).await);
        return;
    };
    worker.stop_if_late(&handle);
    let _keepalive = KeepAlive::start(
        &worker.lifecycle,
        worker.bus.clone(),
        Arc::clone(&pulled),
        ack_wait,
        job,
        false,
        Arc::clone(&handle),
    );
    let taker = Taker {
        bus: &worker.bus,
        clock: &worker.clock,
        run: &run,
        vanish_limit: worker.limits.vanish_limit,
        delivery_limit: DELIVERY_LIMIT,
        stop: &handle.cancel,
    };
    let owned = match taker.take(carried, pulled.delivered).await {
        Taken::Ours(owned) => *owned,
        Taken::Settled => return settle(pulled.ack().await),
        Taken::Later(pause) => return settle(pulled.nak(Some(pause)).await),
        Taken::Unknown => return,
    };
    handle.own();
    let span = tracing::info_span!(
        "run", job.id = %job, job.kind = owned.event.job.operation,
        job.attempt = owned.event.attempt, run.id = %run.id
    );
    let finished = finish(worker, engine, &owned, &run, &handle).instrument(span).await;
    if let Finished::Ack = finished {
        settle(pulled.ack().await);
    }
}

/// Whether the delivery may be settled.
enum Finished {
    /// What follows is stored.
    Ack,
    /// The job is another run's, or the broker never answered: send nothing.
    Silent,
}

async fn finish(
    worker: &Worker,
    engine: &dyn Engine,
    owned: &StoredEvent,
    run: &Run,
    handle: &Arc<RunHandle>,
) -> Finished {
    let envelope = &owned.event.job;
    let reporter = Reporter { bus: &worker.bus, clock: &worker.clock, run };
    let sink = ReplySink::new(&worker.bus, envelope, run.id);
    sink.started().await;
    let context = worker.context(Arc::clone(envelope), run.id, owned.event.attempt, sink, handle);
    let started = worker.clock.now();
    let ended = execute(worker, engine, context, handle).await;
    let (context, ended) = ended;
    worker.metrics.ran(&envelope.operation, worker.clock.now().since(started));

    let stopped = handle.stopped();
    let ended = match (ended, stopped) {
        (_, Some(StopReason::Lost)) => return Finished::Silent,
        // A result that was complete before the stop was noticed stands, whatever the stop was for.
        (Ok(output), _) => Ok(output),
        (Err(_), Some(StopReason::Canceled)) => {
            return end(&reporter, owned, &context, Outcome::Canceled, None).await;
        }
        (Err(_), Some(StopReason::Deadline)) => {
            return end(&reporter, owned, &context, Outcome::Expired, None).await;
        }
        // Also when a caller has seen a part of the answer: a stop must not do worse than a crash.
        (Err(_), Some(StopReason::Stopping)) => {
            return acked(&reporter.give_back(owned, Duration::ZERO).await);
        }
        (Err(_), Some(StopReason::TimedOut)) => Err(EngineError::retry(
            ErrorCode::EngineFailed,
            format!("the run took longer than {} s", worker.limits.run_limit.as_secs()),
        )),
        (Err(error), None) => Err(error),
    };
    match ended {
        Ok(output) => succeed(worker, &reporter, owned, &context, run.id, output).await,
        Err(EngineError::Retry { error, after }) => {
            let attempt = owned.event.attempt;
            // A caller who saw a part of the answer can not be given another one.
            if !owned.event.has_attempts_left() || context.reply.has_sent() {
                return fail(&reporter, owned, &context, error).await;
            }
            let delay = worker.limits.retry.delay(attempt).max(after.unwrap_or_default());
            tracing::info!(error.code = %error.code, delay_ms = delay.as_millis() as u64, "the attempt failed; another follows");
            acked(&reporter.requeue(owned, &error, delay).await)
        }
        Err(EngineError::Fail(error)) => fail(&reporter, owned, &context, error).await,
        Err(EngineError::Snooze { after }) => {
            acked(&reporter.give_back(owned, after.max(Duration::from_secs(1))).await)
        }
        // The engine stopped although nobody told it to: its fault, not the job's.
        Err(EngineError::Canceled) => {
            acked(&reporter.give_back(owned, Duration::from_secs(1)).await)
        }
    }
}

async fn execute(
    worker: &Worker,
    engine: &dyn Engine,
    mut context: RunContext,
    handle: &Arc<RunHandle>,
) -> (RunContext, Result<Output, EngineError>) {
    match run::input(&worker.objects, &context.job).await {
        Ok(input) => context.input = input,
        Err(error) => return (context, Err(error)),
    }
    let ended = run::run(engine, &context, handle, worker.limits.run_limit).await;
    (context, ended)
}

async fn succeed(
    worker: &Worker,
    reporter: &Reporter<'_>,
    owned: &StoredEvent,
    context: &RunContext,
    run: RunId,
    output: Output,
) -> Finished {
    let job = context.job.id;
    let (content_type, body) = (output.content_type.clone(), output.body.clone());
    let hard = worker.lifecycle.hard();
    match store_result(&worker.objects, job, run, output, &hard).await {
        Ok(outcome) => end(reporter, owned, context, outcome, Some((content_type, body))).await,
        Err(error) => {
            tracing::error!(%error, "a result can not be stored; the job is given back");
            acked(&reporter.give_back(owned, STORE_PAUSE).await)
        }
    }
}

/// Out of attempts, or failed for good. Only what may succeed on a redrive is kept as a dead letter.
async fn fail(
    reporter: &Reporter<'_>,
    owned: &StoredEvent,
    context: &RunContext,
    error: JobError,
) -> Finished {
    tracing::info!(error.code = %error.code, error = error.message, "the job failed");
    let reported = if error.retryable {
        reporter.bury(owned, &error).await
    } else {
        reporter.finish(owned, &Outcome::Failed(error.clone())).await
    };
    if let Reported::Written(_) = reported {
        context.reply.error(&error).await;
    }
    acked(&reported)
}

/// The terminal event precedes the answer: what the caller is told is what the status says.
async fn end(
    reporter: &Reporter<'_>,
    owned: &StoredEvent,
    context: &RunContext,
    outcome: Outcome,
    answer: Option<(String, bytes::Bytes)>,
) -> Finished {
    let reported = reporter.finish(owned, &outcome).await;
    if let Reported::Written(stored) = &reported {
        let (state, took) = (stored.event.state, stored.event.metrics.run_ms.unwrap_or_default());
        tracing::info!(job.state = %state, duration_ms = took, "the run ended");
        match (answer, &outcome) {
            (Some((content_type, body)), _) => {
                // A recorded stream was sent as it grew.
                let rest = if context.reply.has_sent() { bytes::Bytes::new() } else { body };
                context.reply.result(&content_type, rest).await;
            }
            (None, Outcome::Expired) => {
                let error = JobError::permanent(ErrorCode::DeadlineExceeded, "the deadline passed");
                context.reply.error(&error).await;
            }
            (None, _) => {
                let error = JobError::permanent(ErrorCode::Canceled, "the job was canceled");
                context.reply.error(&error).await;
            }
        }
    }
    acked(&reported)
}

fn acked(reported: &Reported) -> Finished {
    match reported {
        Reported::Written(_) => Finished::Ack,
        Reported::Lost | Reported::GaveUp => Finished::Silent,
    }
}
