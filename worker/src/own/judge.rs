//! What follows for a delivery from how its job stands: the rules alone, without the broker.

use common::clock::Timestamp;
use common::job::{JobEvent, JobState, Outcome, RunId};

/// What is known of a delivery, and how much a job may cost.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    /// The run that would begin.
    pub(super) run: RunId,
    /// Version of the event that the message followed.
    pub(super) message_version: u64,
    /// How often the message was delivered, this time included.
    pub(super) delivered: u64,
    /// Deliveries that may pass without a run before the job is parked.
    pub(super) delivery_limit: u64,
    /// Runs that may end with a vanished worker before the job is parked.
    pub(super) vanish_limit: u32,
    /// The time now.
    pub(super) now: Timestamp,
}

/// What is to be done about the job of a delivery.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It has ended: nothing is left to do.
    Settled,
    /// It runs under this very run: our swap was stored although its ack was lost.
    Ours,
    /// It runs under another run. When that one's worker gives no sign of life, ask
    /// [`Delivery::judge_abandoned`].
    Runs,
    /// The message belongs to an earlier attempt.
    Stale,
    /// It is not to run: write this end.
    End(Outcome),
    /// It cost too much already: keep it as a dead letter. The text completes the sentence "the job …".
    Park(&'static str),
    /// Start it.
    Start,
}

impl Delivery {
    /// Judges a job by its last event.
    pub(super) fn judge(&self, event: &JobEvent) -> Verdict {
        if event.is_terminal() {
            return Verdict::Settled;
        }
        if event.is_owned_by(self.run) {
            return Verdict::Ours;
        }
        if event.state == JobState::Running {
            return Verdict::Runs;
        }
        if event.version > self.message_version {
            return Verdict::Stale;
        }
        if let Some(outcome) = self.due_end(event) {
            return Verdict::End(outcome);
        }
        if self.delivered > self.delivery_limit {
            return Verdict::Park("was given to workers many times, but none could start it");
        }
        Verdict::Start
    }

    /// Judges a job that runs under another run whose worker gives no sign of life.
    pub(super) fn judge_abandoned(&self, event: &JobEvent) -> Verdict {
        if let Some(outcome) = self.due_end(event) {
            return Verdict::End(outcome);
        }
        if event.vanished + 1 >= self.vanish_limit || !event.has_attempts_left() {
            return Verdict::Park("was lost together with the worker that ran it");
        }
        Verdict::Start
    }

    /// How a job ends that must not be started any more.
    fn due_end(&self, event: &JobEvent) -> Option<Outcome> {
        if event.cancel_requested_at.is_some() {
            return Some(Outcome::Canceled);
        }
        event.job.is_past_deadline(self.now).then_some(Outcome::Expired)
    }
}
