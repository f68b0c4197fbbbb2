//! The network is slow, breaks, or lets nothing through.

use std::time::Duration;

use tokio::time::sleep;

use crate::chaos::fault::Wire;
use crate::chaos::world::World;
use crate::link::Link;

fn links(world: &World, wire: Wire) -> &[Link] {
    match wire {
        Wire::Broker(seat) => world.fleet.ways(seat),
        Wire::Callers(gateway) => std::slice::from_ref(world.fleet.door(gateway)),
    }
}

/// Every piece takes longer.
pub(super) async fn delay(world: &World, wire: Wire, by: Duration, lasts: Duration) {
    for link in links(world, wire) {
        link.delay(by);
    }
    sleep(lasts).await;
    for link in links(world, wire) {
        link.delay(Duration::ZERO);
    }
}

/// Connections break once.
pub(super) fn reset(world: &World, wire: Wire) {
    links(world, wire).iter().for_each(Link::reset);
}

/// Nothing passes.
pub(super) async fn cut(world: &World, wire: Wire, silent: bool, lasts: Duration) {
    for link in links(world, wire) {
        if silent {
            link.hold();
        } else {
            link.cut();
        }
    }
    sleep(lasts).await;
    links(world, wire).iter().for_each(Link::mend);
}
