//! The beat of a delivery: from the moment it is pulled until after its ack, on a task of its own, so that an engine
//! that hogs a thread does not lose the job.

use std::sync::Arc;
use std::time::Duration;

use common::bus::{Bus, Pulled};
use common::job::JobId;
use tokio::task::AbortHandle;

use crate::running::{RunHandle, StopReason};

/// Keeps a delivery ours until it is dropped.
pub(crate) struct KeepAlive(AbortHandle);

impl KeepAlive {
    /// Starts the beat: a sign of life at every third of the ack wait, and before each a look whether the job is
    /// still ours. A stale sign of life would hide a dead worker's message from its rescuers.
    pub(crate) fn start(
        lifecycle: &common::lifecycle::Lifecycle,
        bus: Bus,
        pulled: Arc<Pulled>,
        ack_wait: Duration,
        job: JobId,
        is_call: bool,
        handle: Arc<RunHandle>,
    ) -> Self {
        let beat = async move {
            let period = ack_wait / 3;
            let mut tick = tokio::time::interval_at(tokio::time::Instant::now() + period, period);
            tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                match look(&bus, job, is_call, &handle).await {
                    Delivery::Ours => {}
                    Delivery::Unclear => continue,
                    Delivery::Lost => return,
                }
                if let Err(error) = pulled.progress().await {
                    tracing::debug!(job.id = %job, %error, "a sign of life was not sent");
                }
            }
        };
        Self(lifecycle.spawn_abortable("keepalive", beat))
    }
}

impl Drop for KeepAlive {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Whose a delivery is.
enum Delivery {
    Ours,
    /// It is being decided, or can not be known: say nothing this time.
    Unclear,
    /// Say nothing more.
    Lost,
}

/// Whether the delivery is still ours. Tells the run to stop when it is not, or when a cancel notice was missed. An
/// unanswered read proves nothing: what is said now may be heard when the delivery is another's.
async fn look(bus: &Bus, job: JobId, is_call: bool, handle: &RunHandle) -> Delivery {
    let last = match bus.events().last(job).await {
        Ok(Some(last)) => last,
        Ok(None) => return Delivery::Ours,
        Err(_) => return Delivery::Unclear,
    };
    let event = &last.event;
    if event.is_owned_by(handle.run_id) {
        if event.cancel_requested_at.is_some() {
            handle.stop(StopReason::Canceled);
        }
        return Delivery::Ours;
    }
    if !is_call && !handle.owns() {
        let another_runs = event.is_terminal() || event.run_id.is_some();
        return if another_runs { Delivery::Unclear } else { Delivery::Ours };
    }
    if event.is_terminal() {
        handle.stop(if is_call { StopReason::Canceled } else { StopReason::Lost });
        return Delivery::Lost;
    }
    if event.run_id.is_some() {
        handle.stop(StopReason::Lost);
        return Delivery::Lost;
    }
    // Put back by us, and on its way to be scheduled: the delivery is ours until its successor is stored.
    Delivery::Ours
}
