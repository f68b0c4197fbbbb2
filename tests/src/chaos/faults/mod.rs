//! Doing what was planned: one file for each kind of fault. Each begins, lasts as long as planned, and is mended.

mod broker;
mod leader;
mod network;
mod process;
mod service;
mod store;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::fault::Fault;
use super::plan::Planned;
use super::world::World;

/// Does everything when it is planned, and returns when all is mended. What could not be done is told.
pub(super) async fn inject(world: &Arc<World>, planned: &[Planned]) -> Vec<String> {
    let begun = Instant::now();
    let mut faults = JoinSet::new();
    for one in planned.iter().cloned() {
        let world = Arc::clone(world);
        faults.spawn(async move {
            sleep_until(begun + one.at).await;
            let done = act(&world, &one.fault, one.lasts).await;
            done.err().map(|error| format!("{one}: {error:#}"))
        });
    }
    faults.join_all().await.into_iter().flatten().collect()
}

async fn act(world: &World, fault: &Fault, lasts: Duration) -> anyhow::Result<()> {
    match fault {
        Fault::Kill(victim) => process::kill(world, *victim, lasts).await,
        Fault::Pause(victim) => process::pause(world, *victim, lasts).await,
        Fault::Restart(victim) => process::restart(world, *victim, lasts).await,
        Fault::Blackout => broker::blackout(world, lasts).await,
        Fault::Partition { node, silent } => broker::partition(world, *node, *silent, lasts).await,
        Fault::MoveLeader { stream, consumer } => {
            return leader::step_down(world, stream, *consumer).await;
        }
        Fault::StoreFull => return store::full(world, lasts).await,
        Fault::StoreAway => return store::away(world, lasts).await,
        Fault::RecordsAway { silent } => service::records(world, *silent, lasts).await,
        Fault::Upstream(malady) => service::upstream(world, *malady, lasts).await,
        Fault::Receiver(illness) => service::receiver(world, *illness, lasts).await,
        Fault::Delay { wire, by } => network::delay(world, *wire, *by, lasts).await,
        Fault::Reset(wire) => network::reset(world, *wire),
        Fault::Cut { wire, silent } => network::cut(world, *wire, *silent, lasts).await,
    }
    Ok(())
}
