//! One delivery on its way: decode, look, find the target, pass the lane, attempt, report, ack.

mod conclude;
mod decode;

use std::sync::Arc;
use std::time::Duration;

use common::bus::{Bus, Pulled};
use common::clock::SharedClock;
use common::webhook::Delivery;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;
use url::Url;

use crate::deliver::Deliverer;
use crate::guard::{Guard, SendError};
use crate::keepalive;
use crate::lane::{Admission, Destination, Grant, Lanes, Permit, PutBack};
use crate::look::{Seen, look};
use crate::metrics::{DispatcherMetrics, Fate};
use crate::schedule::Schedule;
use crate::settle;
use crate::target::{Target, Targets};
use decode::decode;

/// How long a delivery is given back for when something of ours is away.
const AWAY_PAUSE: Duration = Duration::from_secs(5);

/// What a delivery needs on its way. One for all deliveries of a dispatcher.
pub(crate) struct Work {
    pub(crate) bus: Bus,
    pub(crate) clock: SharedClock,
    pub(crate) targets: Targets,
    pub(crate) guard: Guard,
    pub(crate) deliverer: Deliverer,
    pub(crate) lanes: Arc<Lanes>,
    pub(crate) schedule: Schedule,
    pub(crate) metrics: DispatcherMetrics,
    /// Take nothing more.
    pub(crate) soft: CancellationToken,
    /// Stop what is under way.
    pub(crate) hard: CancellationToken,
}

/// Why a delivery leaves its way: the message is to be acked, given back or dropped.
enum Leave {
    Ack(Fate),
    GiveBack(Option<Duration>),
    Drop,
}

impl Work {
    /// Brings a message to its end and settles it. `intake` is given back when the delivery has found its place.
    pub(crate) async fn handle(&self, pulled: Pulled, intake: OwnedSemaphorePermit) {
        let fate = keepalive::during(&pulled, self.bus.ack_wait(), async {
            let leave = Box::pin(self.pass(&pulled, intake)).await;
            self.leave(&pulled, leave).await
        })
        .await;
        self.metrics.count(fate);
    }

    async fn pass(&self, pulled: &Pulled, intake: OwnedSemaphorePermit) -> Leave {
        // It came with the last pull before a stop.
        if self.soft.is_cancelled() {
            return Leave::GiveBack(None);
        }
        let delivery = match decode(pulled) {
            Ok(delivery) => delivery,
            Err(leave) => return leave,
        };
        let span = tracing::info_span!(
            "delivery",
            delivery.id = %delivery.id,
            delivery.attempt = delivery.attempt,
            endpoint.id = delivery.endpoint_id,
            job.id = delivery.job_id.map(tracing::field::display),
        );
        if let Some(parent) = pulled.header(common::bus::headers::TRACEPARENT) {
            common::telemetry::set_parent(&span, parent);
        }
        self.deliver(delivery, pulled, intake).instrument(span).await
    }

    async fn deliver(
        &self,
        delivery: Delivery,
        pulled: &Pulled,
        intake: OwnedSemaphorePermit,
    ) -> Leave {
        let known = match look(&self.bus, &delivery).await {
            Ok(Seen::Due(known)) => known,
            Ok(Seen::Unscheduled(next, at)) => return self.schedule_again(&next, at).await,
            Ok(Seen::Over) => return Leave::Ack(Fate::Repeated),
            Err(error) => {
                tracing::warn!(%error, "the log of a delivery can not be read");
                return Leave::GiveBack(Some(AWAY_PAUSE));
            }
        };
        let due = delivery.created_at.plus(self.schedule.first_delay());
        if delivery.attempt == 1 && due > self.clock.now() {
            return self.put_back(&delivery, known.as_ref(), due).await;
        }
        let (url, keys) = match self.targets.find(&delivery) {
            Target::Ready { url, keys } => (url, keys),
            Target::Unknown => return Leave::GiveBack(Some(AWAY_PAUSE)),
            Target::Gone(reason) => {
                let now = self.clock.now();
                return self.report(settle::unwanted(&delivery, known, reason, now)).await;
            }
            Target::Unsignable(reason) => {
                let url = delivery.url.clone();
                return self.fail(&delivery, known, &url, SendError::Blocked(reason)).await;
            }
        };
        let parsed = match self.guard.check(&url) {
            Ok(parsed) => parsed,
            Err(blocked) => {
                let error = SendError::Blocked(blocked.to_string());
                return self.fail(&delivery, known, &url, error).await;
            }
        };
        let mut intake = Some(intake);
        let permit = match self.lane(&delivery, &parsed, pulled, &mut intake).await {
            Ok(permit) => permit,
            Err(Held::Stop) => return Leave::GiveBack(None),
            Err(Held::PutBack(put_back)) => {
                tracing::debug!(reason = ?put_back.busy, "put back");
                let at = self.clock.now().plus(put_back.delay);
                return self.put_back(&delivery, known.as_ref(), at).await;
            }
        };
        drop(intake);
        self.attempt(&delivery, known, &parsed, &keys, permit).await
    }

    /// Waits for room in the delivery's lane. The place in the intake is given up when there is a wait.
    async fn lane(
        &self,
        delivery: &Delivery,
        url: &Url,
        pulled: &Pulled,
        intake: &mut Option<OwnedSemaphorePermit>,
    ) -> Result<Permit, Held> {
        if self.soft.is_cancelled() {
            return Err(Held::Stop);
        }
        let destination = Destination::new(&delivery.tenant, url);
        match self.lanes.enter(&destination, pulled.payload().len()) {
            Admission::Go(permit) => Ok(permit),
            Admission::PutBack(put_back) => Err(Held::PutBack(put_back)),
            Admission::Wait(waiting) => {
                drop(intake.take());
                tokio::select! {
                    biased;
                    () = self.soft.cancelled() => Err(Held::Stop),
                    grant = waiting.granted() => match grant {
                        Grant::Go(permit) => Ok(permit),
                        Grant::PutBack(put_back) => Err(Held::PutBack(put_back)),
                    },
                }
            }
        }
    }

    async fn leave(&self, pulled: &Pulled, leave: Leave) -> Fate {
        let (fate, settled) = match leave {
            Leave::Ack(fate) => (fate, pulled.ack().await),
            Leave::GiveBack(pause) => (Fate::GivenBack, pulled.nak(pause).await),
            Leave::Drop => (Fate::Unreadable, pulled.term().await),
        };
        if let Err(error) = settled {
            tracing::debug!(%error, "a delivery could not be settled; it comes again");
        }
        fate
    }
}

/// Why a delivery did not pass its lane.
enum Held {
    Stop,
    PutBack(PutBack),
}
