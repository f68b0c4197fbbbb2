//! The doorbell: wakes an idle worker when work arrives.

use std::time::Duration;

use common::bus::{Bus, BusError};
use common::job::Lane;
use common::lifecycle::Lifecycle;
use rand::RngExt as _;
use tokio::sync::watch;

/// A bell may be missed (it is not stored) and redeliveries do not ring it: an idle worker looks anyway.
const TICK: (Duration, Duration) = (Duration::from_millis(1000), Duration::from_millis(2000));

/// The last ring of a capability's bell.
pub(crate) struct Bell {
    rings: tokio::sync::Mutex<watch::Receiver<Option<(String, Lane)>>>,
}

impl Bell {
    /// Starts listening. The rings are drained on a task of their own and only the last one is kept, so that a busy
    /// worker does not pile them up.
    pub(crate) async fn listen(
        bus: &Bus,
        lifecycle: &Lifecycle,
        capability: &'static str,
    ) -> Result<Self, BusError> {
        let mut bell = bus.work_bell(capability).await?;
        let (sender, rings) = watch::channel(None);
        let soft = lifecycle.soft();
        lifecycle.spawn("bell", async move {
            loop {
                tokio::select! {
                    () = soft.cancelled() => return Ok(()),
                    ring = bell.ring() => match ring {
                        Some(hint) => drop(sender.send_replace(Some(hint))),
                        None => anyhow::bail!("the doorbell's subscription ended"),
                    },
                }
            }
        });
        Ok(Self { rings: tokio::sync::Mutex::new(rings) })
    }

    /// Waits for a ring since the last wait, or for the tick. Returns which queue rang.
    pub(crate) async fn wait(&self) -> Option<(String, Lane)> {
        let tick = rand::rng().random_range(TICK.0..TICK.1);
        let mut rings = self.rings.lock().await;
        match tokio::time::timeout(tick, rings.changed()).await {
            Ok(Ok(())) => rings.borrow_and_update().clone(),
            Ok(Err(_)) => {
                // The listener is gone; the stop that follows ends the loop. Until then do not spin.
                tokio::time::sleep(tick).await;
                None
            }
            Err(_) => None,
        }
    }
}
