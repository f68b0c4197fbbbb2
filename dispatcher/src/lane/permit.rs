//! The right to send one delivery, and the wait for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::oneshot;

use super::one::Decision;
use super::{Busy, Destination, Lanes, PutBack};

/// How long a delivery waits in the process for its lane; after that another dispatcher may be better off with it.
const LONGEST_WAIT: Duration = Duration::from_secs(10);

/// The right to send one delivery to a destination. Dropping it makes room for the next.
#[derive(Debug)]
pub(crate) struct Permit {
    lanes: Arc<Lanes>,
    destination: Destination,
    probe: bool,
    noted: bool,
}

impl Permit {
    pub(super) fn new(lanes: Arc<Lanes>, destination: Destination, probe: bool) -> Self {
        Self { lanes, destination, probe, noted: false }
    }

    /// Tells the breaker how the try ended and the lane how long it took. `well` is whether the destination is up,
    /// whatever it thought of the delivery. The room is kept until the permit is dropped.
    pub(crate) fn note(&mut self, well: bool, duration: Duration) {
        self.lanes.note(&self.destination, well, self.probe, duration);
        self.noted = true;
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.lanes.leave(&self.destination, self.probe && !self.noted);
    }
}

/// A place on a lane's wait list.
pub(crate) struct Waiting {
    lanes: Arc<Lanes>,
    destination: Destination,
    decision: oneshot::Receiver<Decision>,
}

/// What came of waiting.
#[derive(Debug)]
pub(crate) enum Grant {
    /// The lane has room.
    Go(Permit),
    /// It had none in time, or its breaker opened.
    PutBack(PutBack),
}

impl Waiting {
    pub(super) fn new(
        lanes: Arc<Lanes>,
        destination: Destination,
        decision: oneshot::Receiver<Decision>,
    ) -> Self {
        Self { lanes, destination, decision }
    }

    /// Waits, at most ten seconds. Cancel-safe: a dropped wait gives its place, or the room that it just got, back.
    pub(crate) async fn granted(mut self) -> Grant {
        match tokio::time::timeout(LONGEST_WAIT, &mut self.decision).await {
            Ok(Ok(Decision::Go)) => {
                let lanes = Arc::clone(&self.lanes);
                Grant::Go(Permit::new(lanes, self.destination.clone(), false))
            }
            Ok(Ok(Decision::PutBack(put_back))) => Grant::PutBack(put_back),
            Ok(Err(_)) | Err(_) => {
                Grant::PutBack(self.lanes.put_back(&self.destination, Busy::Full))
            }
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.decision.close();
        // The room may have been granted in the moment in which the wait was given up.
        if let Ok(Decision::Go) = self.decision.try_recv() {
            self.lanes.leave(&self.destination, false);
        }
        self.lanes.forget_gone_waiters(&self.destination);
    }
}
