//! The life of a job under any order of events: everybody who writes an event does so by the product's own rules, and
//! only the swap on the subject decides whose stands. Reads may be old, messages come twice and late, workers vanish.

use std::sync::Arc;
use std::time::Duration;

use common::clock::{Clock as _, ManualClock, Timestamp};
use common::error_code::ErrorCode;
use common::job::testing::{echo_job, success};
use common::job::{EventKind, JobEnvelope, JobError, JobEvent, JobState, Outcome, Run, RunId};
use proptest::prelude::*;
use proptest::sample::Index;

use super::judge::{Delivery, Verdict};
use crate::report::unless_canceled;

const RETENTION: Duration = Duration::from_hours(48);
const VANISH_LIMIT: u32 = 3;
const DELIVERY_LIMIT: u64 = 4;
const SLOTS: usize = 3;

/// Something that happens.
#[derive(Clone, Debug)]
enum Happening {
    /// A message, new or old, reaches a worker who knows an event that may be old.
    Deliver {
        message: Index,
        slot: usize,
        known: Index,
        delivered: u64,
        owner_lives: bool,
    },
    /// The engine of a run ends.
    Succeed(usize),
    Fail(usize),
    Retry {
        slot: usize,
        delay: u64,
    },
    Snooze {
        slot: usize,
        delay: u64,
    },
    CancelNoticed(usize),
    DeadlineNoticed(usize),
    /// The worker is gone with its run.
    Vanish(usize),
    /// A caller cancels, knowing an event that may be old.
    Cancel {
        known: Index,
    },
    /// The keeper ends a job that is past its deadline, or that was to be canceled and is run by nobody.
    Expire,
    EndCanceled,
    /// The keeper publishes the message of the last event again.
    Republish,
    Pass(u64),
}

fn happening() -> impl Strategy<Value = Happening> {
    use Happening::{
        Cancel, CancelNoticed, DeadlineNoticed, Deliver, EndCanceled, Expire, Fail, Pass,
        Republish, Retry, Snooze, Succeed, Vanish,
    };
    let slot = || 0..SLOTS;
    let delay = || 0_u64..20_000;
    prop_oneof![
        8 => (any::<Index>(), slot(), any::<Index>(), 1..=DELIVERY_LIMIT + 1, any::<bool>())
            .prop_map(|(message, slot, known, delivered, owner_lives)| Deliver {
                message, slot, known, delivered, owner_lives,
            }),
        2 => slot().prop_map(Succeed),
        1 => slot().prop_map(Fail),
        3 => (slot(), delay()).prop_map(|(slot, delay)| Retry { slot, delay }),
        2 => (slot(), delay()).prop_map(|(slot, delay)| Snooze { slot, delay }),
        1 => slot().prop_map(CancelNoticed),
        1 => slot().prop_map(DeadlineNoticed),
        3 => slot().prop_map(Vanish),
        1 => any::<Index>().prop_map(|known| Cancel { known }),
        1 => Just(Expire),
        1 => Just(EndCanceled),
        2 => Just(Republish),
        2 => delay().prop_map(Pass),
    ]
}

/// A job's subject with everybody who writes to it.
struct World {
    clock: ManualClock,
    events: Vec<JobEvent>,
    /// Versions of the events that messages followed. A message may come any number of times.
    messages: Vec<u64>,
    /// The runs at work, each with the event it owns.
    slots: [Option<(Run, JobEvent)>; SLOTS],
}

impl World {
    fn new(max_attempts: u32, deadline: Option<u64>, run_at: Option<u64>) -> Self {
        let clock = ManualClock::new(Timestamp::parse("2026-11-21T09:00:00Z").unwrap());
        let later = |millis: u64| clock.now().plus(Duration::from_millis(millis));
        let job = JobEnvelope {
            max_attempts,
            deadline: deadline.map(later),
            run_at: run_at.map(later),
            ..echo_job(&clock)
        };
        let first = JobEvent::submitted(Arc::new(job), &clock);
        Self { clock, events: vec![first], messages: vec![1], slots: Default::default() }
    }

    fn last(&self) -> &JobEvent {
        self.events.last().unwrap()
    }

    /// Writes an event over the one with the version `expected`, as the broker does: or not at all.
    fn swap(&mut self, expected: u64, next: &JobEvent) -> bool {
        let stands = self.last().version == expected;
        if stands {
            self.events.push(next.clone());
        }
        stands
    }

    fn happen(&mut self, happening: &Happening) {
        match *happening {
            Happening::Deliver { message, slot, known, delivered, owner_lives } => {
                let version = *message.get(&self.messages);
                let known = known.get(&self.events).clone();
                if self.slots[slot].is_none() {
                    self.deliver(version, slot, &known, delivered, owner_lives);
                }
            }
            Happening::Succeed(slot) => self.end(slot, &success("{}")),
            Happening::Fail(slot) => self.end(slot, &Outcome::Failed(error())),
            Happening::Retry { slot, delay } => self.retry(slot, Duration::from_millis(delay)),
            Happening::Snooze { slot, delay } => {
                let run_at = self.clock.now().plus(Duration::from_millis(delay));
                self.put_back(slot, |event, clock| event.given_back(run_at, clock));
            }
            Happening::CancelNoticed(slot) => {
                if self.last().cancel_requested_at.is_some() {
                    self.end(slot, &Outcome::Canceled);
                }
            }
            Happening::DeadlineNoticed(slot) => {
                if self.last().job.is_past_deadline(self.clock.now()) {
                    self.end(slot, &Outcome::Expired);
                }
            }
            Happening::Vanish(slot) => self.slots[slot] = None,
            Happening::Cancel { known } => {
                let known = known.get(&self.events).clone();
                if let Ok(next) = known.cancel(RETENTION, &self.clock) {
                    self.swap(known.version, &next);
                }
            }
            Happening::Expire => {
                if self.last().job.is_past_deadline(self.clock.now()) && !self.is_run() {
                    self.end_unrun(Outcome::Expired);
                }
            }
            Happening::EndCanceled => {
                let asked = self.last().cancel_requested_at.is_some();
                if asked && !self.is_run() {
                    self.end_unrun(Outcome::Canceled);
                }
            }
            Happening::Republish => {
                let version = self.last().version;
                self.messages.push(version);
            }
            Happening::Pass(millis) => self.clock.advance(Duration::from_millis(millis)),
        }
    }

    fn deliver(
        &mut self,
        message_version: u64,
        slot: usize,
        known: &JobEvent,
        delivered: u64,
        owner_lives: bool,
    ) {
        let run = Run { id: RunId::new(&self.clock), worker_id: format!("worker-{slot}") };
        let (run_id, now) = (run.id, self.clock.now());
        let delivery = Delivery {
            run: run_id,
            message_version,
            delivered,
            delivery_limit: DELIVERY_LIMIT,
            vanish_limit: VANISH_LIMIT,
            now,
        };
        let verdict = match delivery.judge(known) {
            // A run of this world lives unless it vanished; a worker may take a dead one for alive, and a live one
            // for dead, when presence is late.
            Verdict::Runs if owner_lives => return,
            Verdict::Runs => delivery.judge_abandoned(known),
            verdict => verdict,
        };
        let ended = match verdict {
            Verdict::Start => {
                let started = known.started(&run, &self.clock).unwrap();
                assert!(!started.job.is_past_deadline(now), "started past its deadline");
                if self.swap(known.version, &started) {
                    self.slots[slot] = Some((run, started));
                }
                return;
            }
            Verdict::Stale => return self.messages.push(known.version),
            Verdict::Settled | Verdict::Runs | Verdict::Ours => return,
            Verdict::End(outcome) => known.finished(outcome, None, RETENTION, &self.clock),
            Verdict::Park(_) => {
                known.finished(Outcome::Failed(error()), Some(&run), RETENTION, &self.clock)
            }
        };
        self.swap(known.version, &ended.unwrap());
    }

    fn retry(&mut self, slot: usize, delay: Duration) {
        let Some((_, owned)) = &self.slots[slot] else { return };
        if !owned.has_attempts_left() {
            return self.end(slot, &Outcome::Failed(error()));
        }
        let run_at = self.clock.now().plus(delay);
        self.put_back(slot, |event, clock| event.requeued(error(), run_at, clock));
    }

    fn put_back(
        &mut self,
        slot: usize,
        next: impl Fn(&JobEvent, &ManualClock) -> Result<JobEvent, common::job::IllegalTransition>,
    ) {
        let Some((run, owned)) = self.slots[slot].take() else { return };
        self.report(&run, &owned, |event, clock| {
            unless_canceled(event, &run, RETENTION, clock, |event| next(event, clock))
        });
        if self.last().state == JobState::Queued {
            let version = self.last().version;
            self.messages.push(version);
        }
    }

    fn end(&mut self, slot: usize, outcome: &Outcome) {
        let Some((run, owned)) = self.slots[slot].take() else { return };
        self.report(&run, &owned, |event, clock| {
            event.finished(outcome.clone(), Some(&run), RETENTION, clock)
        });
    }

    /// As a worker reports: a change that leaves the job its own is taken up.
    fn report(
        &mut self,
        run: &Run,
        owned: &JobEvent,
        next: impl Fn(&JobEvent, &ManualClock) -> Result<JobEvent, common::job::IllegalTransition>,
    ) {
        let Ok(event) = next(owned, &self.clock) else { return };
        if !self.swap(owned.version, &event) && self.last().is_owned_by(run.id) {
            let last = self.last().clone();
            let event = next(&last, &self.clock).unwrap();
            assert!(self.swap(last.version, &event));
        }
    }

    /// Whether a worker that lives runs the job.
    fn is_run(&self) -> bool {
        self.slots.iter().flatten().any(|(run, _)| self.last().is_owned_by(run.id))
    }

    fn end_unrun(&mut self, outcome: Outcome) {
        let last = self.last().clone();
        if let Ok(next) = last.finished(outcome, None, RETENTION, &self.clock) {
            self.swap(last.version, &next);
        }
    }
}

fn error() -> JobError {
    JobError::retryable(ErrorCode::EngineFailed, "the engine failed")
}

/// What holds between an event and the one after it.
fn follows(before: &JobEvent, after: &JobEvent) -> Result<(), TestCaseError> {
    prop_assert!(!before.is_terminal(), "{} left for {}", before.state, after.state);
    prop_assert!(before.state.may_become(after.state));
    prop_assert_eq!(after.version, before.version + 1);
    prop_assert_ne!(after.id, before.id);
    prop_assert_eq!(after.job.id, before.job.id);
    prop_assert!((before.attempt..=before.attempt + 1).contains(&after.attempt));
    prop_assert!((before.vanished..=before.vanished + 1).contains(&after.vanished));
    // Who asked to cancel is never forgotten, and nothing is started or put back after that.
    if before.cancel_requested_at.is_some() {
        prop_assert_eq!(after.cancel_requested_at, before.cancel_requested_at);
        prop_assert_ne!(after.state, JobState::Queued);
        if after.state == JobState::Running {
            prop_assert_eq!(after.run_id, before.run_id);
        }
    }
    // Only the owner ends a job with success.
    if after.state == JobState::Succeeded {
        prop_assert_eq!(before.state, JobState::Running);
        prop_assert_eq!(after.run_id, before.run_id);
    }
    Ok(())
}

/// What holds of every event by itself.
fn stands(event: &JobEvent) -> Result<(), TestCaseError> {
    prop_assert_eq!(event.kind, EventKind::of(event.state));
    prop_assert!((1..=event.job.max_attempts).contains(&event.attempt), "{}", event.attempt);
    prop_assert!(event.vanished < VANISH_LIMIT);
    prop_assert_eq!(event.finished_at.is_some(), event.is_terminal());
    prop_assert_eq!(event.expires_at.is_some(), event.is_terminal());
    match event.state {
        JobState::Scheduled | JobState::Queued => {
            prop_assert!(event.run_id.is_none() && event.worker_id.is_none());
            prop_assert!(event.started_at.is_none());
        }
        JobState::Running => {
            prop_assert!(event.run_id.is_some() && event.worker_id.is_some());
            prop_assert!(event.started_at.is_some());
        }
        JobState::Succeeded => prop_assert!(event.error.is_none() && event.result.is_some()),
        JobState::Failed => prop_assert!(event.error.is_some()),
        JobState::Canceled => prop_assert!(event.cancel_requested_at.is_some()),
        JobState::Expired => prop_assert!(event.job.is_past_deadline(event.time)),
    }
    if !matches!(event.state, JobState::Succeeded) {
        prop_assert!(event.result.is_none() && event.artifacts.is_empty());
    }
    let text = serde_json::to_string(event).unwrap();
    let read: JobEvent = serde_json::from_str(&text).unwrap();
    prop_assert_eq!(serde_json::to_string(&read).unwrap(), text);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn whatever_happens_in_whatever_order_a_job_keeps_to_its_rules(
        max_attempts in 1_u32..5,
        deadline in proptest::option::weighted(0.3, 1_u64..60_000),
        run_at in proptest::option::weighted(0.3, 0_u64..20_000),
        happenings in proptest::collection::vec(happening(), 1..60),
    ) {
        let mut world = World::new(max_attempts, deadline, run_at);
        let mut confirmed = None;
        for happening in happenings {
            world.happen(&happening);
            // What a caller is told to be canceled stays so.
            if world.last().state == JobState::Canceled {
                confirmed.get_or_insert(world.last().id);
            }
            if let Some(confirmed) = confirmed {
                prop_assert_eq!(world.last().id, confirmed);
            }
        }
        world.events.iter().try_for_each(stands)?;
        world.events.windows(2).try_for_each(|pair| follows(&pair[0], &pair[1]))?;
        let ends = world.events.iter().filter(|event| event.is_terminal()).count();
        prop_assert!(ends <= 1, "{} ends", ends);
    }

    /// However often a job's workers vanish and its runs fail, it ends after a bounded number of runs.
    #[test]
    fn a_job_ends_after_a_bounded_number_of_runs(
        max_attempts in 1_u32..5,
        vanishes in proptest::collection::vec(any::<bool>(), 64),
    ) {
        let mut world = World::new(max_attempts, None, None);
        let mut runs = 0;
        for vanishes in vanishes {
            let version = *world.messages.last().unwrap();
            let known = world.last().clone();
            world.deliver(version, 0, &known, 1, false);
            if world.last().is_terminal() {
                break;
            }
            runs += 1;
            world.happen(&if vanishes {
                Happening::Vanish(0)
            } else {
                Happening::Retry { slot: 0, delay: 0 }
            });
        }
        prop_assert!(world.last().is_terminal());
        prop_assert!(runs <= max_attempts, "{} runs of {}", runs, max_attempts);
    }
}
