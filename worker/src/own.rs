//! Taking a job: a swap that writes `started`, and what to do with a delivery that can not have it.

use std::time::Duration;

use common::bus::{Bus, StoredEvent, WriteError};
use common::clock::SharedClock;
use common::error_code::ErrorCode;
use common::job::{JobError, JobState, Outcome, Run};
use tokio::time::Instant;

use crate::report::{Reported, Reporter};

/// How long one decision waits for the broker before the delivery is left to its ack wait.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often one decision is taken again because the job moved in the meantime.
const ROUNDS: usize = 8;

/// What is to be done with a delivery.
#[derive(Debug)]
pub(crate) enum Taken {
    /// The job is ours: run it.
    Ours(Box<StoredEvent>),
    /// Nothing is left to do: ack.
    Settled,
    /// Not now: give the delivery back for this long.
    Later(Duration),
    /// It is not known how the job stands: send nothing, the ack wait brings the message back.
    Unknown,
}

/// What taking a job depends on.
pub(crate) struct Taker<'a> {
    pub(crate) bus: &'a Bus,
    pub(crate) clock: &'a SharedClock,
    pub(crate) run: &'a Run,
    /// Runs of a job that may end with a vanished worker before the job is parked.
    pub(crate) vanish_limit: u32,
    /// Deliveries that may pass without a run before the job is parked.
    pub(crate) delivery_limit: u64,
}

impl Taker<'_> {
    /// Takes the job of a delivery. `carried` is the event that the message repeats: for a first delivery it is
    /// nearly always the last one, so the swap is tried without a read.
    pub(crate) async fn take(&self, carried: StoredEvent, delivered: u64) -> Taken {
        let job = carried.event.job.id;
        let message_version = carried.event.version;
        // Without the sequence of its event a swap would create one: a late copy of a job long gone would start it.
        let mut last = if delivered == 1 && carried.sequence > 0 { Some(carried) } else { None };
        for _ in 0..ROUNDS {
            let current = match last.take() {
                Some(known) => known,
                None => match self.bus.events().last(job).await {
                    Ok(Some(read)) => read,
                    // Expired or never recorded: nobody waits for it.
                    Ok(None) => return Taken::Settled,
                    Err(_) => return Taken::Unknown,
                },
            };
            match self.decide(&current, message_version, delivered).await {
                Step::Done(taken) => return taken,
                Step::Start => match self.start(&current).await {
                    Ok(stored) => return Taken::Ours(Box::new(stored)),
                    Err(WriteError::Conflict(Some(newer))) => last = Some(*newer),
                    Err(WriteError::Conflict(None)) => return Taken::Settled,
                    Err(_) => return Taken::Unknown,
                },
            }
        }
        Taken::Unknown
    }

    async fn start(&self, current: &StoredEvent) -> Result<StoredEvent, WriteError> {
        let Ok(event) = current.event.started(self.run, self.clock.as_ref()) else {
            return Err(WriteError::Conflict(Some(Box::new(current.clone()))));
        };
        self.bus.events().swap(&event, current.sequence, PATIENCE).await
    }

    async fn decide(&self, current: &StoredEvent, message_version: u64, delivered: u64) -> Step {
        let event = &current.event;
        if event.is_terminal() {
            return Step::Done(Taken::Settled);
        }
        if event.state == JobState::Running {
            if event.is_owned_by(self.run.id) {
                // Our swap was stored although its ack was lost.
                return Step::Done(Taken::Ours(Box::new(current.clone())));
            }
            if self.owner_may_live(event).await {
                return Step::Done(Taken::Later(self.bus.ack_wait()));
            }
            return self.take_over(current).await;
        }
        if event.version > message_version {
            // This message belongs to an earlier attempt. The next one must be on its way before this one is gone.
            return Step::Done(match self.bus.schedule_job(current, PATIENCE).await {
                Ok(()) => Taken::Settled,
                Err(_) => Taken::Unknown,
            });
        }
        if event.cancel_requested_at.is_some() {
            return self.end(current, Outcome::Canceled).await;
        }
        if event.job.is_past_deadline(self.clock.now()) {
            return self.end(current, Outcome::Expired).await;
        }
        if delivered > self.delivery_limit {
            return self.park(current, "was given to workers many times, but none could start it").await;
        }
        Step::Start
    }

    /// The job runs under another run whose worker gives no sign of life.
    async fn take_over(&self, current: &StoredEvent) -> Step {
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
        Step::Start
    }

    /// Whether the run that holds the job may still live. An outage of the broker makes every worker look dead at
    /// once: shortly after our own reconnect nobody is taken over.
    async fn owner_may_live(&self, event: &common::job::JobEvent) -> bool {
        let connection = *self.bus.connection().borrow();
        let settling = self.bus.ack_wait() + Duration::from_secs(5);
        if !connection.connected
            || (connection.reconnects > 0 && Instant::now() - connection.since < settling)
        {
            return true;
        }
        let Some(worker_id) = &event.worker_id else { return false };
        match self.bus.presence(worker_id).await {
            Ok(Some(presence)) => presence.running.contains(&event.job.id),
            Ok(None) => false,
            Err(_) => true,
        }
    }

    async fn end(&self, current: &StoredEvent, outcome: Outcome) -> Step {
        let retention = self.bus.events().retention();
        let finished = current.event.finished(outcome, None, retention, self.clock.as_ref());
        let Ok(event) = finished else { return Step::Done(Taken::Settled) };
        Step::Done(match self.bus.events().swap(&event, current.sequence, PATIENCE).await {
            Ok(_) => Taken::Settled,
            Err(WriteError::Conflict(_)) => Taken::Later(Duration::from_millis(100)),
            Err(_) => Taken::Unknown,
        })
    }

    async fn park(&self, current: &StoredEvent, why: &str) -> Step {
        let error = JobError::permanent(ErrorCode::WorkerLost, format!("the job {why}"));
        let reporter = Reporter { bus: self.bus, clock: self.clock, run: self.run };
        Step::Done(match reporter.bury(current, &error).await {
            Reported::Written(_) => Taken::Settled,
            Reported::Lost => Taken::Later(Duration::from_millis(100)),
            Reported::GaveUp => Taken::Unknown,
        })
    }
}

enum Step {
    Start,
    Done(Taken),
}
