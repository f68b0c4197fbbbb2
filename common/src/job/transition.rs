//! The moves of a job, as pure functions from one event to the next.
//!
//! Every write to a job's subject is the result of one of these; the swap on the subject decides whose stands.

use std::sync::Arc;
use std::time::Duration;

use super::{EventId, EventKind, JobError, JobEvent, JobState, Metrics, Outcome, RunId};
use crate::clock::{Clock, Timestamp};

/// The move is not allowed from where the job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a job that is {from} can not become {to}")]
pub struct IllegalTransition {
    /// Where the job stands.
    pub from: JobState,
    /// Where it should have gone.
    pub to: JobState,
}

/// One execution of an attempt: which run, on which worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// The run.
    pub id: RunId,
    /// The worker.
    pub worker_id: String,
}

impl JobEvent {
    /// A run takes the job. When the job runs already, its worker vanished: the new run is the next attempt.
    pub fn started(&self, run: &Run, clock: &dyn Clock) -> Result<Self, IllegalTransition> {
        let takes_over = self.state == JobState::Running;
        let mut next = self.next(JobState::Running, clock)?;
        if takes_over {
            next.attempt += 1;
            next.vanished += 1;
        }
        next.run_id = Some(run.id);
        next.worker_id = Some(run.worker_id.clone());
        next.started_at = Some(next.time);
        next.metrics = Metrics {
            queue_ms: Some(next.time.since(self.run_at).as_millis() as u64),
            ..Metrics::default()
        };
        Ok(next)
    }

    /// The attempt failed in a way that may pass: the next one is due at `run_at`.
    pub fn requeued(
        &self,
        error: JobError,
        run_at: Timestamp,
        clock: &dyn Clock,
    ) -> Result<Self, IllegalTransition> {
        let mut next = self.given_back(run_at, clock)?;
        next.attempt += 1;
        next.error = Some(error);
        Ok(next)
    }

    /// The run gives the job back unfinished (drain, snooze): no attempt is spent.
    pub fn given_back(
        &self,
        run_at: Timestamp,
        clock: &dyn Clock,
    ) -> Result<Self, IllegalTransition> {
        let mut next = self.next(JobState::Queued, clock)?;
        next.run_id = None;
        next.worker_id = None;
        next.started_at = None;
        next.run_at = run_at;
        next.metrics = Metrics::default();
        Ok(next)
    }

    /// Somebody asks to cancel the job: one that waits ends, one that runs will be ended by its worker. `retention` is
    /// how long the status of one that ends is kept from now.
    pub fn cancel(
        &self,
        retention: Duration,
        clock: &dyn Clock,
    ) -> Result<Self, IllegalTransition> {
        if self.state == JobState::Running {
            return self.cancel_requested(clock);
        }
        self.finished(Outcome::Canceled, None, retention, clock)
    }

    /// Somebody asked to cancel a job that runs; its worker will end it.
    pub fn cancel_requested(&self, clock: &dyn Clock) -> Result<Self, IllegalTransition> {
        let mut next = self.next(JobState::Running, clock)?;
        next.cancel_requested_at.get_or_insert(next.time);
        Ok(next)
    }

    /// The job ends. `retention` is how long its status is kept from now.
    pub fn finished(
        &self,
        outcome: Outcome,
        run: Option<&Run>,
        retention: Duration,
        clock: &dyn Clock,
    ) -> Result<Self, IllegalTransition> {
        let state = match outcome {
            Outcome::Succeeded { .. } => JobState::Succeeded,
            Outcome::Failed(_) => JobState::Failed,
            Outcome::Canceled => JobState::Canceled,
            Outcome::Expired => JobState::Expired,
        };
        let mut next = self.next(state, clock)?;
        next.finished_at = Some(next.time);
        next.expires_at = Some(next.time.plus(retention));
        if let Some(run) = run {
            next.run_id = Some(run.id);
            next.worker_id = Some(run.worker_id.clone());
        }
        next.metrics.run_ms =
            next.started_at.map(|started| next.time.since(started).as_millis() as u64);
        match outcome {
            Outcome::Succeeded { result, artifacts, usage, load_ms } => {
                next.error = None;
                next.result = result;
                next.artifacts = artifacts;
                next.usage = usage;
                next.metrics.load_ms = load_ms;
            }
            Outcome::Failed(error) => next.error = Some(error),
            Outcome::Canceled => {
                next.cancel_requested_at.get_or_insert(next.time);
            }
            Outcome::Expired => {}
        }
        Ok(next)
    }

    fn next(&self, state: JobState, clock: &dyn Clock) -> Result<Self, IllegalTransition> {
        if !self.state.may_become(state) {
            return Err(IllegalTransition { from: self.state, to: state });
        }
        Ok(Self {
            id: EventId::new(clock),
            kind: EventKind::of(state),
            version: self.version + 1,
            time: clock.now(),
            state,
            job: Arc::clone(&self.job),
            ..self.clone()
        })
    }
}
