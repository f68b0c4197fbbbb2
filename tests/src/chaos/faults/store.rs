//! The object store is full or away.

use std::time::Duration;

use tokio::time::sleep;

use crate::chaos::world::World;

/// Nothing can be written.
pub(super) async fn full(world: &World, lasts: Duration) -> anyhow::Result<()> {
    world.store.fill()?;
    sleep(lasts).await;
    Ok(world.store.heal()?)
}

/// Nothing can be written or read.
pub(super) async fn away(world: &World, lasts: Duration) -> anyhow::Result<()> {
    world.store.go_away()?;
    sleep(lasts).await;
    Ok(world.store.heal()?)
}
