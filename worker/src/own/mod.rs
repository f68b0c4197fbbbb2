//! Taking a job: a swap that writes `started`, and what to do with a delivery that can not have it.

mod decide;
mod judge;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::time::Duration;

use common::bus::{Bus, BusError, StoredEvent, WriteError};
use common::clock::SharedClock;
use common::job::{JobId, Run};
use common::retry::{Backoff, RetryPolicy};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::decide::Decision;
pub(crate) use self::decide::is_settling;

/// How long one step waits for the broker.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the broker is asked what became of a step that it did not answer. To leave at once would be wrong: a start
/// that was stored after all shows a run that nobody runs, and the next worker would count this one as vanished.
const OUTAGE: Duration = Duration::from_mins(1);
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
    /// Ends the waiting for a broker that is away.
    pub(crate) stop: &'a CancellationToken,
}

impl Taker<'_> {
    /// Takes the job of a delivery. `carried` is the event that the message repeats: for a first delivery it is
    /// nearly always the last one, so the swap is tried without a read.
    pub(crate) async fn take(&self, carried: StoredEvent, delivered: u64) -> Taken {
        let job = carried.event.job.id;
        let message_version = carried.event.version;
        let deadline = Instant::now() + OUTAGE;
        let mut backoff = Backoff::new(RetryPolicy::default());
        let (mut rounds, mut unanswered) = (0, false);
        // Without its place in the stream an event can not be followed by swap.
        let mut last = (delivered == 1 && carried.sequence > 0).then_some(carried);
        while rounds < ROUNDS {
            match self.step(job, last.take(), message_version, delivered).await {
                // In the meantime the message may be somebody else's: giving it back would take it from them.
                Step::Done(Taken::Later(_)) if unanswered => return Taken::Unknown,
                Step::Done(taken) => return taken,
                Step::Moved(newer) => {
                    rounds += 1;
                    last = newer.map(|newer| *newer);
                }
                Step::Unanswered => {
                    unanswered = true;
                    let pause = backoff.next();
                    if Instant::now() + pause >= deadline {
                        return Taken::Unknown;
                    }
                    tokio::select! {
                        () = self.stop.cancelled() => return Taken::Unknown,
                        () = tokio::time::sleep(pause) => {}
                    }
                }
            }
        }
        Taken::Unknown
    }

    /// One look at the job and what follows from it. `known` is its last event, unless that must be read.
    async fn step(
        &self,
        job: JobId,
        known: Option<StoredEvent>,
        message_version: u64,
        delivered: u64,
    ) -> Step {
        let current = match known {
            Some(known) => known,
            None => match self.bus.events().last(job).await {
                Ok(Some(read)) => read,
                // Expired or never recorded: nobody waits for it.
                Ok(None) => return Step::Done(Taken::Settled),
                Err(BusError::Undecodable { .. }) => return Step::Done(Taken::Unknown),
                Err(_) => return Step::Unanswered,
            },
        };
        match self.decide(&current, message_version, delivered).await {
            Decision::Start => self.start(&current).await,
            Decision::Step(step) => step,
        }
    }

    async fn start(&self, current: &StoredEvent) -> Step {
        let Ok(event) = current.event.started(self.run, self.clock.as_ref()) else {
            return Step::Moved(None);
        };
        match self.bus.events().swap(&event, current.sequence, PATIENCE).await {
            Ok(stored) => Step::Done(Taken::Ours(Box::new(stored))),
            Err(WriteError::Conflict(None)) => Step::Done(Taken::Settled),
            Err(WriteError::Conflict(newer)) => Step::Moved(newer),
            Err(WriteError::Full | WriteError::Unavailable(_)) => Step::Unanswered,
        }
    }
}

/// What came of one step.
enum Step {
    Done(Taken),
    /// The job moved on; its last event, when it is known.
    Moved(Option<Box<StoredEvent>>),
    /// The broker did not say what became of it.
    Unanswered,
}
