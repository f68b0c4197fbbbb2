//! The state of one lane.

use std::collections::VecDeque;
use std::time::Duration;

use common::clock::Timestamp;
use tokio::sync::oneshot;

use super::{Busy, PutBack};
use crate::breaker::Breaker;

/// The shortest time for which a delivery is put back.
const SHORTEST: Duration = Duration::from_secs(1);
/// Put-backs are spread over at least this long after the shortest time, when the lane can not serve them sooner.
const SPREAD: Duration = Duration::from_mins(1);
/// The more there were lately, the wider they are spread: this much for each, so that a large backlog at a dead
/// destination does not keep the broker busy with coming and going.
const SPREAD_PER_PUT_BACK: Duration = Duration::from_millis(10);
/// The widest spread.
const WIDEST_SPREAD: Duration = Duration::from_hours(1);
/// How fast past put-backs are forgotten.
const MEMORY: Duration = Duration::from_mins(5);
/// What a try is taken to last before one was measured.
const FIRST_GUESS: Duration = Duration::from_millis(100);
/// A lane whose tries usually last longer is slow.
const SLOW: Duration = Duration::from_secs(1);

/// A delivery on the wait list.
pub(super) struct Waiter {
    pub(super) cost: usize,
    pub(super) reply: oneshot::Sender<Decision>,
}

/// What a waiter is told.
#[derive(Clone, Copy, Debug)]
pub(super) enum Decision {
    Go,
    PutBack(PutBack),
}

/// One destination's lane.
pub(super) struct Lane {
    pub(super) running: usize,
    pub(super) waiting: VecDeque<Waiter>,
    pub(super) breaker: Breaker,
    usual: Duration,
    known: bool,
    next_slot: Timestamp,
    /// Put-backs of late, the older ones counting less, as of `counted_at`.
    put_backs: f64,
    counted_at: Timestamp,
}

impl Lane {
    pub(super) fn new() -> Self {
        Self {
            running: 0,
            waiting: VecDeque::new(),
            breaker: Breaker::new(),
            usual: FIRST_GUESS,
            known: false,
            next_slot: Timestamp::from_micros(0),
            put_backs: 0.0,
            counted_at: Timestamp::from_micros(0),
        }
    }

    /// Learns how long a try takes here: the mean of the last few.
    pub(super) fn learn(&mut self, duration: Duration) {
        self.usual = (self.usual * 7 + duration) / 8;
        self.known = true;
    }

    /// Whether a try was measured.
    pub(super) fn is_known(&self) -> bool {
        self.known
    }

    /// Whether tries last long here.
    pub(super) fn is_slow(&self) -> bool {
        self.usual > SLOW
    }

    /// A slot for a delivery that is put back. Slots are as far apart as this lane, with `width` tries at a time,
    /// takes to serve one delivery, so that put-back deliveries return at a rate that the lane can serve and not all
    /// at once. `roll` is a random number from 0 to 1.
    pub(super) fn put_back(
        &mut self,
        busy: Busy,
        at_least: Duration,
        width: usize,
        roll: f64,
        now: Timestamp,
    ) -> PutBack {
        let earliest = now.plus(at_least.max(SHORTEST));
        let spread = self.spread(now);
        let latest = earliest.plus(spread);
        let slot = self.next_slot.max(earliest);
        let at = if slot < latest {
            self.next_slot =
                slot.plus(self.usual / u32::try_from(width.max(1)).unwrap_or(u32::MAX));
            slot
        } else {
            // More than the lane serves in that time: any moment of it is as good as another.
            earliest.plus(spread.mul_f64(roll))
        };
        PutBack { delay: at.since(now), busy }
    }

    /// Counts a put-back and says over how long the present ones are spread.
    fn spread(&mut self, now: Timestamp) -> Duration {
        let age = now.since(self.counted_at).as_secs_f64() / MEMORY.as_secs_f64();
        self.put_backs = self.put_backs * (-age).exp() + 1.0;
        self.counted_at = now;
        SPREAD_PER_PUT_BACK.mul_f64(self.put_backs).clamp(SPREAD, WIDEST_SPREAD)
    }

    /// Whether nothing is lost when the lane is forgotten.
    pub(super) fn is_idle(&self, now: Timestamp) -> bool {
        self.running == 0
            && self.waiting.is_empty()
            && self.breaker.is_blank(now)
            && self.next_slot <= now
    }
}
