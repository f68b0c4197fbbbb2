//! The pull loop of one engine: a slot first, then a job for it.

mod again;
mod bell;
mod lanes;
mod round;

use std::sync::Arc;
use std::time::Duration;

use common::bus::{Work, WorkMessage};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use self::bell::Bell;
use self::lanes::Lanes;
use crate::engine::Engine;
use crate::settle::settle;
use crate::worker::Worker;
use crate::{call, job, poison};

/// Slots filled by one fetch at most.
const FETCH_MAX: usize = 64;
/// How long a cold worker lets warm ones go first after the bell rang.
const COLD_PAUSE: Duration = Duration::from_millis(10);
/// How long after the hard stop a run may take to stop its engine and to report, within what the life cycle grants.
const LAST_PATIENCE: Duration = Duration::from_secs(8);

/// Pulls until the soft stop. Returns when it takes no more; the runs go on.
pub(crate) async fn pull(worker: &Arc<Worker>, engine: Arc<dyn Engine>) -> anyhow::Result<()> {
    let soft = worker.lifecycle.soft();
    let slots = Arc::new(Semaphore::new(engine.slots()));
    let mut lanes = Lanes::new(engine.capability());
    let bell = Bell::listen(&worker.bus, &worker.lifecycle, engine.capability()).await?;
    loop {
        let Some(mut permits) = free_slots(&slots, &soft).await else { return Ok(()) };
        lanes.rang(bell.rings());
        lanes.refresh(&worker.bus, engine.as_ref()).await;
        // Not broken off by a stop: a fetch may have been answered, and the ack wait would bring the job back, but late.
        let found = lanes.sweep(permits.len(), &soft).await;
        if soft.is_cancelled() {
            give_back(found).await;
            return Ok(());
        }
        if found.is_empty() {
            drop(permits);
            tokio::select! {
                () = soft.cancelled() => return Ok(()),
                () = bell.wait(lanes.until_next()) => {}
            }
            lanes.rang(bell.rings());
            if lanes.only_cold() {
                tokio::time::sleep(COLD_PAUSE).await;
            }
            continue;
        }
        for message in found {
            let Some(permit) = permits.pop() else { break };
            start(worker, &engine, message, permit);
        }
    }
}

/// What came with the last fetch before a stop is somebody else's to run.
async fn give_back(found: Vec<WorkMessage>) {
    for message in found {
        settle(message.pulled.nak(None).await);
    }
}

/// Waits for a free slot and takes what else is free; `None` on the soft stop.
async fn free_slots(
    slots: &Arc<Semaphore>,
    soft: &CancellationToken,
) -> Option<Vec<OwnedSemaphorePermit>> {
    let first = tokio::select! {
        biased;
        () = soft.cancelled() => return None,
        permit = Arc::clone(slots).acquire_owned() => permit.ok()?,
    };
    let mut permits = vec![first];
    while permits.len() < FETCH_MAX
        && let Ok(permit) = Arc::clone(slots).try_acquire_owned()
    {
        permits.push(permit);
    }
    Some(permits)
}

fn start(
    worker: &Arc<Worker>,
    engine: &Arc<dyn Engine>,
    message: WorkMessage,
    permit: OwnedSemaphorePermit,
) {
    let (worker, engine) = (Arc::clone(worker), Arc::clone(engine));
    let lifecycle = worker.lifecycle.clone();
    lifecycle.spawn("run", async move {
        worker.metrics.busy_slots.inc();
        tokio::select! {
            () = run(&worker, engine.as_ref(), message) => {}
            () = is_overdue(worker.lifecycle.hard()) => {
                tracing::warn!("a run can not be reported any more; its ack wait brings the job back");
            }
        }
        worker.metrics.busy_slots.dec();
        drop(permit);
        Ok(())
    });
}

async fn run(worker: &Worker, engine: &dyn Engine, message: WorkMessage) {
    let WorkMessage { pulled, work, ack_wait } = message;
    match work {
        Work::Job(carried) => job::run_job(worker, engine, pulled, ack_wait, *carried).await,
        Work::Call(envelope) => call::run_call(worker, engine, pulled, ack_wait, *envelope).await,
        Work::Unreadable(reason) => poison::park(worker, &pulled, &reason).await,
    }
}

/// Resolves when the hard stop was so long ago that nothing is waited for any more: the broker may be away.
async fn is_overdue(hard: CancellationToken) {
    hard.cancelled().await;
    tokio::time::sleep(LAST_PATIENCE).await;
}
