//! Keeping the topology in place for as long as a process runs.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::bus::Bus;

/// How soon it is tried again to make a topology that could not be made.
const AGAIN: Duration = Duration::from_millis(500);

impl Bus {
    /// Keeps the topology in place until `stop`: makes it anew after every reconnect and whenever a publish found no
    /// stream. Run by the roles that may make streams.
    pub async fn keep_topology(&self, stop: &CancellationToken) {
        let mut connection = self.connection();
        let mut seen = connection.borrow().reconnects;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                changed = connection.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    let now = *connection.borrow_and_update();
                    if !now.connected || now.reconnects == seen {
                        continue;
                    }
                    seen = now.reconnects;
                }
                () = self.missing_part.notified() => {}
            }
            while let Err(error) = self.ensure_topology().await {
                tracing::warn!(%error, "the topology can not be made yet");
                tokio::select! {
                    () = stop.cancelled() => return,
                    () = tokio::time::sleep(AGAIN) => {}
                }
            }
        }
    }
}
