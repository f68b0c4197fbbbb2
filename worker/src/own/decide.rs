//! What follows for a delivery from how its job stands.

use std::time::Duration;

use common::bus::{Bus, PRESENCE_TTL, StoredEvent, WriteError};
use common::error_code::ErrorCode;
use common::job::{JobError, JobEvent, JobState, Outcome};
use tokio::time::Instant;

use super::{PATIENCE, Step, Taken, Taker};
use crate::report::{Reported, Reporter};

/// How long after a reconnect, besides an ack wait, nobody is taken over.
const SETTLING: Duration = Duration::from_secs(5);

/// What follows from how the job stands.
pub(super) enum Decision {
    Start,
    Step(Step),
}

impl Decision {
    fn done(taken: Taken) -> Self {
        Self::Step(Step::Done(taken))
    }
}

impl Taker<'_> {
    pub(super) async fn decide(
        &self,
        current: &StoredEvent,
        message_version: u64,
        delivered: u64,
    ) -> Decision {
        let event = &current.event;
        if event.is_terminal() {
            return Decision::done(Taken::Settled);
        }
        if event.state == JobState::Running {
            if event.is_owned_by(self.run.id) {
                // Our swap was stored although its ack was lost.
                return Decision::done(Taken::Ours(Box::new(current.clone())));
            }
            if self.owner_may_live(event).await {
                return Decision::done(Taken::Later(self.bus.ack_wait()));
            }
            return self.take_over(current).await;
        }
        if event.version > message_version {
            // This message belongs to an earlier attempt. The next one must be on its way before this one is gone.
            return Decision::Step(match self.bus.schedule_job(current, PATIENCE).await {
                Ok(()) => Step::Done(Taken::Settled),
                Err(_) => Step::Unanswered,
            });
        }
        if event.cancel_requested_at.is_some() {
            return self.end(current, Outcome::Canceled).await;
        }
        if event.job.is_past_deadline(self.clock.now()) {
            return self.end(current, Outcome::Expired).await;
        }
        if delivered > self.delivery_limit {
            return self
                .park(current, "was given to workers many times, but none could start it")
                .await;
        }
        Decision::Start
    }

    /// The job runs under another run whose worker gives no sign of life.
    async fn take_over(&self, current: &StoredEvent) -> Decision {
        let event = &current.event;
        if event.cancel_requested_at.is_some() {
            return self.end(current, Outcome::Canceled).await;
        }
        if event.job.is_past_deadline(self.clock.now()) {
            return self.end(current, Outcome::Expired).await;
        }
        let vanished = event.vanished + 1;
        if vanished >= self.vanish_limit || event.attempt >= event.job.max_attempts {
            return self.park(current, "was lost together with the worker that ran it").await;
        }
        tracing::warn!(
            job.id = %event.job.id, worker.id = event.worker_id, vanished,
            "takes over a job whose worker vanished"
        );
        Decision::Start
    }

    /// Whether the run that holds the job may still live.
    async fn owner_may_live(&self, event: &JobEvent) -> bool {
        if is_settling(self.bus) {
            return true;
        }
        let Some(worker_id) = &event.worker_id else { return false };
        match self.bus.presence(worker_id).await {
            Ok(Some(presence)) => presence.running.contains(&event.job.id),
            Ok(None) => false,
            Err(_) => true,
        }
    }

    async fn end(&self, current: &StoredEvent, outcome: Outcome) -> Decision {
        let retention = self.bus.events().retention();
        let finished = current.event.finished(outcome, None, retention, self.clock.as_ref());
        let Ok(event) = finished else { return Decision::done(Taken::Settled) };
        Decision::Step(match self.bus.events().swap(&event, current.sequence, PATIENCE).await {
            Ok(_) => Step::Done(Taken::Settled),
            Err(WriteError::Conflict(newer)) => Step::Moved(newer),
            Err(WriteError::Full | WriteError::Unavailable(_)) => Step::Unanswered,
        })
    }

    async fn park(&self, current: &StoredEvent, why: &str) -> Decision {
        let error = JobError::permanent(ErrorCode::WorkerLost, format!("the job {why}"));
        let reporter = Reporter { bus: self.bus, clock: self.clock, run: self.run };
        Decision::Step(match reporter.bury(current, &error).await {
            Reported::Written(_) => Step::Done(Taken::Settled),
            Reported::Lost => Step::Moved(None),
            Reported::GaveUp => Step::Done(Taken::Unknown),
        })
    }
}

/// Whether the broker was away a moment ago, as far as this worker can know. An outage makes every worker look dead at
/// once, so until those that live had time to beat nobody is taken over. A worker that has just come does not know
/// what was before.
pub(crate) fn is_settling(bus: &Bus) -> bool {
    let connection = *bus.connection().borrow();
    let settling = match connection.reconnects {
        0 => bus.ack_wait().min(PRESENCE_TTL),
        _ => bus.ack_wait() + SETTLING,
    };
    !connection.connected || Instant::now() - connection.since < settling
}
