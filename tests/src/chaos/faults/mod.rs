//! Doing what was planned: one file for each kind of fault. Each begins, lasts as long as planned, and is mended.

mod broker;
mod leader;
mod network;
mod process;
mod service;
mod store;

use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, sleep_until};

use super::fault::Fault;
use super::outcome::{Done, Outcome};
use super::plan::Planned;
use super::world::World;

/// Does everything when it is planned, and returns when all is mended, with what came of it in the order of the plan.
pub(super) async fn inject(world: &World, planned: &[Planned]) -> Vec<Done> {
    let begun = Instant::now();
    let faults = planned.iter().map(|one| async move {
        sleep_until(begun + one.at).await;
        let outcome = match act(world, &one.fault, one.lasts).await {
            Ok(true) => Outcome::Bit,
            Ok(false) => Outcome::Idle,
            Err(error) => Outcome::Failed(format!("{error:#}")),
        };
        Done { kind: kind(world, &one.fault), planned: one.to_string(), outcome }
    });
    join_all(faults).await
}

/// What the fault is here: not every machine can do every one as it is meant.
fn kind(world: &World, fault: &Fault) -> &'static str {
    match fault {
        Fault::StoreFull if !world.store.can_be_full() => "object store full (as away)",
        _ => fault.kind(),
    }
}

/// Whether somebody felt it: a process that ran ended, a connection that was used broke, a request was answered badly.
async fn act(world: &World, fault: &Fault, lasts: Duration) -> anyhow::Result<bool> {
    Ok(match fault {
        Fault::Kill(victim) => process::kill(world, *victim, lasts).await,
        Fault::Pause(victim) => process::pause(world, *victim, lasts).await,
        Fault::Restart(victim) => process::restart(world, *victim, lasts).await,
        Fault::Replace(seat) => process::replace(world, *seat, lasts).await,
        Fault::Blackout => broker::blackout(world, lasts).await,
        Fault::Minority { left, killed } => broker::minority(world, *left, *killed, lasts).await,
        Fault::Partition { node, silent } => broker::partition(world, *node, *silent, lasts).await,
        Fault::MoveMeta => leader::of_cluster(world).await?,
        Fault::MoveLeader { stream, consumer } => {
            leader::of_stream(world, stream, *consumer).await?
        }
        Fault::StoreFull => store::full(world, lasts).await?,
        Fault::StoreAway => store::away(world, lasts).await?,
        Fault::RecordsAway { silent } => service::records(world, *silent, lasts).await,
        Fault::Upstream(malady) => service::upstream(world, *malady, lasts).await,
        Fault::Receiver(illness) => service::receiver(world, *illness, lasts).await,
        Fault::Delay { wire, by } => network::delay(world, *wire, *by, lasts).await,
        Fault::Reset(wire) => network::reset(world, *wire).await,
        Fault::Cut { wire, silent } => network::cut(world, *wire, *silent, lasts).await,
    })
}
