//! The cluster falls apart, or dies.

use std::time::Duration;

use tokio::time::sleep;

use crate::chaos::cluster::NODES;
use crate::chaos::seat::Seat;
use crate::chaos::world::World;

/// One server can not reach the others.
pub(super) async fn partition(world: &World, node: usize, silent: bool, lasts: Duration) -> bool {
    let before = world.cluster.hindered(node);
    world.cluster.part(node, silent);
    sleep(lasts).await;
    let bit = world.cluster.hindered(node) > before;
    world.cluster.join(node);
    bit
}

/// All servers but one are away: who is connected to it stays so, and nothing can be stored.
pub(super) async fn minority(world: &World, left: usize, killed: bool, lasts: Duration) -> bool {
    let away = || (0..NODES).filter(|node| *node != left).map(|node| &world.cluster.nodes[node]);
    let felt = away().filter(|seat| if killed { seat.kill() } else { seat.pause() }).count();
    sleep(lasts).await;
    for seat in away() {
        if killed {
            seat.start_again();
        } else {
            seat.resume();
        }
    }
    felt == NODES - 1
}

/// Every server is killed.
pub(super) async fn blackout(world: &World, lasts: Duration) -> bool {
    let felt = world.cluster.nodes.iter().filter(|seat| seat.kill()).count();
    sleep(lasts).await;
    world.cluster.nodes.iter().for_each(Seat::start_again);
    felt == NODES
}
