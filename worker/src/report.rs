//! Writing what became of a run: by swap, repeated until it is known whose event stands.

use std::time::Duration;

use common::bus::{Bus, PublishError, StoredEvent, WriteError};
use common::clock::{Clock, SharedClock};
use common::job::{IllegalTransition, JobError, JobEvent, Outcome, Run};
use common::retry::{Backoff, RetryPolicy};
use tokio::time::Instant;

/// How long one try to write waits for the broker.
const TRY: Duration = Duration::from_secs(5);
/// How long a finished run tries to report through an outage. Longer than any outage that an operator would sit out;
/// after it the job is redelivered and run again.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// What became of a report.
#[derive(Debug)]
pub(crate) enum Reported {
    /// Our event stands.
    Written(Box<StoredEvent>),
    /// Another run owns the job, or it has ended: discard the outcome and send nothing more for the delivery.
    Lost,
    /// The broker did not answer for a quarter of an hour.
    GaveUp,
}

/// Writes the events of one run.
pub(crate) struct Reporter<'a> {
    pub(crate) bus: &'a Bus,
    pub(crate) clock: &'a SharedClock,
    pub(crate) run: &'a Run,
}

impl Reporter<'_> {
    /// Ends the job. A change that leaves the job ours (somebody asked to cancel it) is taken up and ours is written
    /// on top: whichever terminal event is first stands.
    pub(crate) async fn finish(&self, owned: &StoredEvent, outcome: &Outcome) -> Reported {
        let retention = self.bus.events().retention();
        self.write(owned, |event| {
            event.finished(outcome.clone(), Some(self.run), retention, self.clock.as_ref())
        })
        .await
    }

    /// Puts the job back for another attempt after `delay`.
    pub(crate) async fn requeue(
        &self,
        owned: &StoredEvent,
        error: &JobError,
        delay: Duration,
    ) -> Reported {
        let put_back = |event: &JobEvent| {
            let run_at = self.clock.now().plus(delay);
            event.requeued(error.clone(), run_at, self.clock.as_ref())
        };
        self.put_back(owned, put_back).await
    }

    /// Gives the job back unfinished after `delay`, without spending an attempt.
    pub(crate) async fn give_back(&self, owned: &StoredEvent, delay: Duration) -> Reported {
        let put_back =
            |event: &JobEvent| event.given_back(self.clock.now().plus(delay), self.clock.as_ref());
        self.put_back(owned, put_back).await
    }

    /// Writes the event that puts the job back, or its end when it is to be canceled, and what must follow from it.
    async fn put_back(
        &self,
        owned: &StoredEvent,
        put_back: impl Fn(&JobEvent) -> Result<JobEvent, IllegalTransition>,
    ) -> Reported {
        let retention = self.bus.events().retention();
        let reported = self
            .write(owned, |event| {
                unless_canceled(event, self.run, retention, self.clock.as_ref(), &put_back)
            })
            .await;
        self.schedule(reported).await
    }

    /// Keeps a job that is out of attempts, then ends it: a crash between the two repeats both.
    pub(crate) async fn bury(&self, owned: &StoredEvent, error: &JobError) -> Reported {
        let mut dead = owned.event.clone();
        dead.error = Some(error.clone());
        let kept = persist(|| async { self.bus.publish_dead_job(&dead, TRY).await }).await;
        match kept {
            Ok(()) => self.finish(owned, &Outcome::Failed(error.clone())).await,
            Err(problem) => {
                tracing::error!(job.id = %dead.job.id, error = %problem, "a dead letter can not be kept");
                Reported::GaveUp
            }
        }
    }

    /// The message of a job that was put back must be stored before the old one is acked.
    async fn schedule(&self, reported: Reported) -> Reported {
        let Reported::Written(stored) = reported else { return reported };
        if stored.event.is_terminal() {
            return Reported::Written(stored);
        }
        match persist(|| async { self.bus.schedule_job(&stored, TRY).await }).await {
            Ok(()) => Reported::Written(stored),
            Err(problem) => {
                tracing::error!(job.id = %stored.event.job.id, error = %problem, "a retry can not be scheduled");
                Reported::GaveUp
            }
        }
    }

    async fn write(
        &self,
        owned: &StoredEvent,
        next: impl Fn(&JobEvent) -> Result<JobEvent, IllegalTransition>,
    ) -> Reported {
        let deadline = Instant::now() + PATIENCE;
        let mut backoff = Backoff::new(RetryPolicy::default());
        let mut owned = owned.clone();
        let Ok(mut event) = next(&owned.event) else { return Reported::Lost };
        loop {
            match self.bus.events().swap(&event, owned.sequence, TRY).await {
                Ok(stored) => return Reported::Written(Box::new(stored)),
                Err(WriteError::Conflict(Some(last))) if last.event.is_owned_by(self.run.id) => {
                    owned = *last;
                    match next(&owned.event) {
                        Ok(again) => event = again,
                        Err(_) => return Reported::Lost,
                    }
                }
                Err(WriteError::Conflict(_)) => return Reported::Lost,
                Err(problem @ (WriteError::Full | WriteError::Unavailable(_))) => {
                    let pause = backoff.next();
                    if Instant::now() + pause >= deadline {
                        tracing::error!(job.id = %event.job.id, error = %problem, "a run can not be reported");
                        return Reported::GaveUp;
                    }
                    tokio::time::sleep(pause).await;
                }
            }
        }
    }
}

/// A job that is put back ends instead when its cancellation was asked for: nobody runs it who could hear of it.
pub(crate) fn unless_canceled(
    event: &JobEvent,
    run: &Run,
    retention: Duration,
    clock: &dyn Clock,
    put_back: impl Fn(&JobEvent) -> Result<JobEvent, IllegalTransition>,
) -> Result<JobEvent, IllegalTransition> {
    if event.cancel_requested_at.is_none() {
        return put_back(event);
    }
    event.finished(Outcome::Canceled, Some(run), retention, clock)
}

/// Repeats a publish through an outage.
async fn persist<F>(mut publish: impl FnMut() -> F) -> Result<(), PublishError>
where
    F: Future<Output = Result<(), PublishError>>,
{
    let deadline = Instant::now() + PATIENCE;
    let mut backoff = Backoff::new(RetryPolicy::default());
    loop {
        match publish().await {
            Ok(()) => return Ok(()),
            Err(error @ PublishError::TooLarge) => return Err(error),
            Err(error) => {
                let pause = backoff.next();
                if Instant::now() + pause >= deadline {
                    return Err(error);
                }
                tokio::time::sleep(pause).await;
            }
        }
    }
}
