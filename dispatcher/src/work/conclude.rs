//! The second half of the way: attempt, judge, store what follows.

use std::time::Duration;

use common::clock::Timestamp;
use common::webhook::{Delivery, DeliveryEvent, SigningKeys};
use url::Url;

use super::{AWAY_PAUSE, Leave, Work};
use crate::deliver::Attempt;
use crate::guard::SendError;
use crate::lane::Permit;
use crate::metrics::Fate;
use crate::settle::{self, Settlement};
use crate::{judge, report};

/// How long the broker is asked to store what follows from an attempt. As long as may be: giving up repeats the POST.
const REPORT_PATIENCE: Duration = Duration::from_secs(15);
/// How long when the process is being killed.
const LAST_PATIENCE: Duration = Duration::from_secs(2);

impl Work {
    /// Makes the attempt and stores what follows. A hard stop gives it back; the attempt is not spent.
    pub(super) async fn attempt(
        &self,
        delivery: &Delivery,
        known: Option<DeliveryEvent>,
        url: &Url,
        keys: &SigningKeys,
        mut permit: Permit,
    ) -> Leave {
        let attempt = tokio::select! {
            () = self.hard.cancelled() => return Leave::GiveBack(None),
            attempt = self.deliverer.attempt(delivery, url, keys) => attempt,
        };
        self.metrics.observe(attempt.duration);
        if let Some(well) = judge::is_well(&attempt) {
            permit.note(well, attempt.duration);
        }
        // The permit is held until the outcome is stored, so that a slow broker slows the sending down.
        let leave = self.conclude(delivery, known, url.as_str(), attempt).await;
        drop(permit);
        leave
    }

    /// An attempt that failed before anything was sent.
    pub(super) async fn fail(
        &self,
        delivery: &Delivery,
        known: Option<DeliveryEvent>,
        url: &str,
        error: SendError,
    ) -> Leave {
        let attempt = self.deliverer.refused(error);
        self.conclude(delivery, known, url, attempt).await
    }

    async fn conclude(
        &self,
        delivery: &Delivery,
        known: Option<DeliveryEvent>,
        url: &str,
        attempt: Attempt,
    ) -> Leave {
        let now = self.clock.now();
        let verdict = judge::judge(&attempt, now);
        let attempt = settle::Made { url, attempt, verdict };
        let roll = rand::random();
        let settlement = settle::after_attempt(delivery, known, attempt, &self.schedule, roll, now);
        log_attempt(&settlement);
        self.report(settlement).await
    }

    /// Carries a settlement out.
    pub(super) async fn report(&self, settlement: Settlement) -> Leave {
        let stored = self.hurried(report::report(&self.bus, &settlement, REPORT_PATIENCE)).await;
        if stored { Leave::Ack(settlement.fate) } else { Leave::GiveBack(Some(AWAY_PAUSE)) }
    }

    /// Puts a delivery back by schedule, with the attempt that it has.
    pub(super) async fn put_back(
        &self,
        delivery: &Delivery,
        known: Option<&DeliveryEvent>,
        at: Timestamp,
    ) -> Leave {
        let now = self.clock.now();
        let storing = report::put_back(&self.bus, delivery, known, at, now, REPORT_PATIENCE);
        if self.hurried(storing).await {
            Leave::Ack(Fate::PutBack)
        } else {
            Leave::GiveBack(Some(AWAY_PAUSE))
        }
    }

    /// Schedules the next attempt of a delivery whose last one is logged already.
    pub(super) async fn schedule_again(&self, next: &Delivery, at: Timestamp) -> Leave {
        let at = at.max(self.clock.now());
        if self.hurried(self.bus.schedule_delivery(next, at, REPORT_PATIENCE)).await {
            Leave::Ack(Fate::Repeated)
        } else {
            Leave::GiveBack(Some(AWAY_PAUSE))
        }
    }

    /// Waits for the broker to store something; when the process is being killed only for a moment. Returns whether
    /// it is stored.
    async fn hurried<E: std::fmt::Display>(
        &self,
        storing: impl Future<Output = Result<(), E>>,
    ) -> bool {
        let killed = async {
            self.hard.cancelled().await;
            tokio::time::sleep(LAST_PATIENCE).await;
        };
        tokio::select! {
            stored = storing => match stored {
                Ok(()) => true,
                Err(error) => {
                    tracing::warn!(%error, "a delivery's outcome can not be stored; it will be repeated");
                    false
                }
            },
            () = killed => false,
        }
    }
}

/// The one line of an attempt. The URL may hold a token of the receiver, so it is not logged.
fn log_attempt(settlement: &Settlement) {
    let Some(last) = settlement.event.attempts.last() else { return };
    tracing::info!(
        outcome = settlement.fate.as_str(),
        http.status = last.status,
        duration_ms = last.duration_ms,
        error = last.error,
        "delivery attempt"
    );
}
