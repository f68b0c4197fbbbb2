//! The worker's beat: what it can do and what it runs. Others decide on it whether a running job's owner lives.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use common::bus::{OfferedModel, Presence};

use crate::engine::Engine;
use crate::worker::Worker;

/// How often the offers of the engines are compared with what was told.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// When a beat is repeated that was not written: after an outage others soon decide on it.
const AGAIN: Duration = Duration::from_millis(500);

/// Beats until the last run has ended, then leaves.
pub(crate) async fn beat(worker: &Worker, engines: &[Arc<dyn Engine>]) {
    let started_at = worker.clock.now();
    let (soft, hard) = (worker.lifecycle.soft(), worker.lifecycle.hard());
    let mut connection = worker.bus.connection();
    let drained = worker.drained();
    tokio::pin!(drained);
    let mut draining = false;
    loop {
        let capabilities = offers(engines);
        let presence = Presence {
            worker_id: worker.id.clone(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            started_at,
            seen_at: worker.clock.now(),
            capabilities: capabilities.clone(),
            slots: engines.iter().map(|engine| engine.slots()).sum(),
            running: worker.running.jobs(),
            draining: soft.is_cancelled(),
        };
        let mut interval = worker.limits.presence_interval;
        if let Err(error) = worker.bus.put_presence(&presence).await {
            tracing::debug!(%error, "the presence was not written");
            interval = interval.min(AGAIN);
        }
        tokio::select! {
            () = &mut drained => break,
            () = hard.cancelled() => break,
            () = soft.cancelled(), if !draining => draining = true,
            // Presence is in memory: after an outage of the broker it is gone and must be back before others look.
            _ = connection.changed() => {}
            () = next_beat(interval, engines, &capabilities) => {}
        }
    }
    if let Err(error) = worker.bus.remove_presence(&worker.id).await {
        tracing::debug!(%error, "the presence was not removed; it expires by itself");
    }
}

/// Waits for the interval, or until the engines offer something else: a model that was just discovered is known at
/// once.
async fn next_beat(
    interval: Duration,
    engines: &[Arc<dyn Engine>],
    told: &BTreeMap<String, Vec<OfferedModel>>,
) {
    let due = tokio::time::Instant::now() + interval;
    while tokio::time::Instant::now() < due && offers(engines) == *told {
        tokio::time::sleep(LOOK_EVERY.min(interval)).await;
    }
}

fn offers(engines: &[Arc<dyn Engine>]) -> BTreeMap<String, Vec<OfferedModel>> {
    let mut capabilities: BTreeMap<String, Vec<OfferedModel>> = BTreeMap::new();
    for engine in engines {
        capabilities.entry(engine.capability().to_owned()).or_default().extend(
            engine.offers().into_iter().map(|offer| OfferedModel {
                model: offer.model,
                operations: offer.operations,
                warm: offer.warm,
            }),
        );
    }
    capabilities
}
