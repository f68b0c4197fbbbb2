//! What Millrace talks to is away or answers badly: SQL, the language model, the receiver of webhooks.

use std::time::Duration;

use tokio::time::sleep;

use crate::chaos::fault::{Illness, Malady};
use crate::chaos::world::World;

/// SQL does not answer, or its connections break.
pub(super) async fn records(world: &World, silent: bool, lasts: Duration) {
    if silent {
        world.records.hold();
    } else {
        world.records.cut();
    }
    sleep(lasts).await;
    world.records.mend();
}

/// The language model answers badly.
pub(super) async fn upstream(world: &World, malady: Malady, lasts: Duration) {
    world.upstream.falls_ill(Some(malady));
    sleep(lasts).await;
    world.upstream.falls_ill(None);
}

/// The receiver answers badly.
pub(super) async fn receiver(world: &World, illness: Illness, lasts: Duration) {
    world.hooks.falls_ill(Some(illness));
    sleep(lasts).await;
    world.hooks.falls_ill(None);
}
