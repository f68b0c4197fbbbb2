//! What Millrace talks to is away or answers badly: SQL, the language model, the receiver of webhooks.

use std::time::Duration;

use tokio::time::sleep;

use super::network;
use crate::chaos::fault::{Illness, Malady, Wire};
use crate::chaos::world::World;

/// SQL does not answer, or its connections break.
pub(super) async fn records(world: &World, silent: bool, lasts: Duration) -> bool {
    network::cut(world, Wire::Records, silent, lasts).await
}

/// The language model answers badly.
pub(super) async fn upstream(world: &World, malady: Malady, lasts: Duration) -> bool {
    let before = world.upstream.spoiled();
    world.upstream.falls_ill(Some(malady));
    sleep(lasts).await;
    world.upstream.falls_ill(None);
    world.upstream.spoiled() > before
}

/// The receiver answers badly.
pub(super) async fn receiver(world: &World, illness: Illness, lasts: Duration) -> bool {
    let asked = || match illness {
        Illness::Resets => network::hindered(world, Wire::Hooks),
        Illness::Fails | Illness::Hangs => world.hooks.received().len() as u64,
    };
    let before = asked();
    world.hooks.falls_ill(Some(illness));
    sleep(lasts).await;
    let bit = asked() > before;
    world.hooks.falls_ill(None);
    bit
}
