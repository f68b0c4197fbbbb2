//! Cancel notices: they stop a run at once. A worker that misses one reads the event at its next beat.

use common::bus::{Bus, BusError};
use tokio_util::sync::CancellationToken;

use crate::running::{Running, StopReason};

/// Listens until `stop`.
pub(crate) async fn listen(
    bus: &Bus,
    running: &Running,
    stop: &CancellationToken,
) -> Result<(), BusError> {
    let mut notices = bus.subscribe_cancels().await?;
    loop {
        let job = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            notice = notices.next() => match notice {
                Some(job) => job,
                None => return Ok(()),
            },
        };
        if let Some(handle) = running.get(job) {
            tracing::info!(job.id = %job, "told to cancel");
            handle.stop(StopReason::Canceled);
        }
    }
}
