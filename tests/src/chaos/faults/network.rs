//! The network is slow, breaks, or lets nothing through.

use std::time::Duration;

use tokio::time::sleep;

use crate::chaos::fault::Wire;
use crate::chaos::world::World;
use crate::link::Link;

/// How long connections that are to break may take for it.
const BREAKING: Duration = Duration::from_millis(200);

fn links(world: &World, wire: Wire) -> &[Link] {
    let one = std::slice::from_ref;
    match wire {
        Wire::Broker(seat) => world.fleet.ways(seat),
        Wire::Callers(gateway) => one(world.fleet.door(gateway)),
        Wire::Records => one(&world.records),
        Wire::Model => one(&world.model),
        Wire::Hooks => one(world.hooks.way()),
    }
}

/// How often a stretch of network hindered somebody so far.
pub(super) fn hindered(world: &World, wire: Wire) -> u64 {
    links(world, wire).iter().map(Link::hindered).sum()
}

/// Every piece takes longer.
pub(super) async fn delay(world: &World, wire: Wire, by: Duration, lasts: Duration) -> bool {
    let before = hindered(world, wire);
    for link in links(world, wire) {
        link.delay(by);
    }
    sleep(lasts).await;
    for link in links(world, wire) {
        link.delay(Duration::ZERO);
    }
    hindered(world, wire) > before
}

/// Connections break once.
pub(super) async fn reset(world: &World, wire: Wire) -> bool {
    let before = hindered(world, wire);
    links(world, wire).iter().for_each(Link::reset);
    sleep(BREAKING).await;
    hindered(world, wire) > before
}

/// Nothing passes.
pub(super) async fn cut(world: &World, wire: Wire, silent: bool, lasts: Duration) -> bool {
    let before = hindered(world, wire);
    for link in links(world, wire) {
        if silent {
            link.hold();
        } else {
            link.cut();
        }
    }
    sleep(lasts).await;
    let bit = hindered(world, wire) > before;
    links(world, wire).iter().for_each(Link::mend);
    bit
}
