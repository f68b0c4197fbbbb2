//! Processes die, stand still, or are restarted.

use std::time::Duration;

use tokio::time::sleep;

use crate::chaos::fault::Victim;
use crate::chaos::seat::Seat;
use crate::chaos::world::World;

fn seat(world: &World, victim: Victim) -> &Seat {
    match victim {
        Victim::Seat(seat) => &world.fleet.seats[seat],
        Victim::Node(node) => &world.cluster.nodes[node],
    }
}

/// SIGKILL, and a start when the time is over.
pub(super) async fn kill(world: &World, victim: Victim, lasts: Duration) {
    seat(world, victim).kill();
    sleep(lasts).await;
    seat(world, victim).start_again();
}

/// SIGSTOP, and SIGCONT when the time is over.
pub(super) async fn pause(world: &World, victim: Victim, lasts: Duration) {
    seat(world, victim).pause();
    sleep(lasts).await;
    seat(world, victim).resume();
}

/// SIGTERM, and a start when the time is over, whether it has ended by then or not.
pub(super) async fn restart(world: &World, victim: Victim, lasts: Duration) {
    seat(world, victim).terminate();
    sleep(lasts).await;
    seat(world, victim).start_again();
}
