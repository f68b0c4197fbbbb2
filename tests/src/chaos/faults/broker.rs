//! The cluster falls apart, or dies.

use std::time::Duration;

use tokio::time::sleep;

use crate::chaos::world::World;

/// One server can not reach the others.
pub(super) async fn partition(world: &World, node: usize, silent: bool, lasts: Duration) {
    world.cluster.part(node, silent);
    sleep(lasts).await;
    world.cluster.join(node);
}

/// Every server is killed.
pub(super) async fn blackout(world: &World, lasts: Duration) {
    world.cluster.nodes.iter().for_each(crate::chaos::seat::Seat::kill);
    sleep(lasts).await;
    world.cluster.nodes.iter().for_each(crate::chaos::seat::Seat::start_again);
}
