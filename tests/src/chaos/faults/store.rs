//! The object store is full or away.

use std::time::Duration;

use tokio::time::sleep;

use crate::chaos::seat::Seat;
use crate::chaos::world::World;

/// Nothing can be written. Where that can not be, nothing can be read either.
pub(super) async fn full(world: &World, lasts: Duration) -> anyhow::Result<bool> {
    if !world.store.can_be_full() {
        return away(world, lasts).await;
    }
    let before = complaints(world);
    world.store.fill()?;
    sleep(lasts).await;
    world.store.heal()?;
    Ok(complaints(world) > before)
}

/// Nothing can be written or read.
pub(super) async fn away(world: &World, lasts: Duration) -> anyhow::Result<bool> {
    let before = complaints(world);
    world.store.go_away()?;
    sleep(lasts).await;
    world.store.heal()?;
    Ok(complaints(world) > before)
}

/// How often those who use the store said that it did not serve them.
fn complaints(world: &World) -> usize {
    let said =
        |seat: &Seat| COMPLAINTS.map(|text| seat.lines_with(text).len()).iter().sum::<usize>();
    world.fleet.users_of_objects().map(said).sum()
}

/// What the system says then, as gateways and workers tell it on.
const COMPLAINTS: [&str; 4] =
    ["Not a directory", "No space left", "object store is full", "a result can not be stored"];
