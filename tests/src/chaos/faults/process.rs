//! Processes die, stand still, or are restarted.

use std::time::Duration;

use tokio::time::sleep;

use crate::chaos::fault::Victim;
use crate::chaos::seat::Seat;
use crate::chaos::world::World;

/// What a role may take to end when it is asked to: it lets its work end for 3 s, and then gives up what is left.
const GRACE: Duration = Duration::from_secs(15);

fn seat(world: &World, victim: Victim) -> &Seat {
    match victim {
        Victim::Seat(seat) => &world.fleet.seats[seat],
        Victim::Node(node) => &world.cluster.nodes[node],
    }
}

/// SIGKILL, and a start when the time is over.
pub(super) async fn kill(world: &World, victim: Victim, lasts: Duration) -> bool {
    let ran = seat(world, victim).kill();
    sleep(lasts).await;
    seat(world, victim).start_again();
    ran
}

/// SIGSTOP, and SIGCONT when the time is over.
pub(super) async fn pause(world: &World, victim: Victim, lasts: Duration) -> bool {
    let ran = seat(world, victim).pause();
    sleep(lasts).await;
    seat(world, victim).resume();
    ran
}

/// SIGTERM, and a start when the time is over, whether it has ended by then or not. A role that has must have ended
/// well; nats-server has no code for that.
pub(super) async fn restart(world: &World, victim: Victim, lasts: Duration) -> bool {
    let ran = seat(world, victim).terminate();
    sleep(lasts).await;
    if ran && matches!(victim, Victim::Seat(_)) {
        seat(world, victim).judge_end(lasts, GRACE);
    }
    seat(world, victim).start_again();
    ran
}

/// SIGKILL of a worker, and a start under another id when the time is over.
pub(super) async fn replace(world: &World, seat: usize, lasts: Duration) -> bool {
    let ran = world.fleet.seats[seat].kill();
    sleep(lasts).await;
    world.fleet.rename(seat);
    world.fleet.seats[seat].start_again();
    ran
}
