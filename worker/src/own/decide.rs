//! What follows for a delivery from how its job stands.

use std::time::Duration;

use common::bus::{Bus, PRESENCE_TTL, StoredEvent, WriteError};
use common::error_code::ErrorCode;
use common::job::{JobError, JobEvent, Outcome};
use tokio::time::Instant;

use super::judge::{Delivery, Verdict};
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
        let delivery = Delivery {
            run: self.run.id,
            message_version,
            delivered,
            delivery_limit: self.delivery_limit,
            vanish_limit: self.vanish_limit,
            now: self.clock.now(),
        };
        let verdict = match delivery.judge(event) {
            Verdict::Runs if self.owner_may_live(event).await => {
                return Decision::done(Taken::Later(self.bus.ack_wait()));
            }
            Verdict::Runs => {
                let verdict = delivery.judge_abandoned(event);
                if matches!(verdict, Verdict::Start) {
                    tracing::warn!(
                        job.id = %event.job.id, worker.id = event.worker_id,
                        vanished = event.vanished + 1,
                        "takes over a job whose worker vanished"
                    );
                }
                verdict
            }
            verdict => verdict,
        };
        match verdict {
            Verdict::Start => Decision::Start,
            Verdict::Settled => Decision::done(Taken::Settled),
            Verdict::Ours => Decision::done(Taken::Ours(Box::new(current.clone()))),
            Verdict::Runs => Decision::done(Taken::Unknown),
            // The message of the next attempt must be on its way before this one is gone.
            Verdict::Stale => {
                Decision::Step(match self.bus.schedule_job(current, PATIENCE).await {
                    Ok(()) => Step::Done(Taken::Settled),
                    Err(_) => Step::Unanswered,
                })
            }
            Verdict::End(outcome) => self.end(current, outcome).await,
            Verdict::Park(why) => self.park(current, why).await,
        }
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
