//! All lanes of a dispatcher and the room that they share.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use common::clock::{SharedClock, Timestamp};
use tokio::sync::{Notify, oneshot};

use super::one::{Decision, Lane, Waiter};
use super::{Busy, Destination, Permit, PutBack, Waiting};
use crate::breaker::Pass;

/// Idle lanes are looked for when there are this many, and again at each doubling.
const PRUNE_FROM: usize = 1_024;
/// Tries at a time of a lane of which nothing is known yet.
const UNKNOWN: usize = 2;
/// What a waiting delivery is counted with at least: its task and buffers cost something too.
const LEAST_COST: usize = 16 * 1024;

/// How much a dispatcher does at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LaneLimits {
    /// Tries at a time, of all lanes together.
    pub(crate) concurrency: usize,
    /// Tries at a time of one lane.
    pub(crate) per_destination: usize,
    /// Bytes of deliveries that wait for their lanes, of all lanes together.
    pub(crate) waiting_bytes: usize,
}

/// What a delivery is told at its lane.
pub(crate) enum Admission {
    /// Send it now.
    Go(Permit),
    /// Wait for room.
    Wait(Waiting),
    /// Put it back by schedule.
    PutBack(PutBack),
}

/// All lanes of this dispatcher.
pub(crate) struct Lanes {
    limits: LaneLimits,
    clock: SharedClock,
    state: Mutex<State>,
    room: Notify,
}

struct State {
    lanes: HashMap<Destination, Lane>,
    /// Lanes with waiters, in the order in which they are served next.
    turns: VecDeque<Destination>,
    running: usize,
    waiting_cost: usize,
    prune_at: usize,
}

impl Lanes {
    pub(crate) fn new(limits: LaneLimits, clock: SharedClock) -> Self {
        let state = State {
            lanes: HashMap::new(),
            turns: VecDeque::new(),
            running: 0,
            waiting_cost: 0,
            prune_at: PRUNE_FROM,
        };
        Self { limits, clock, state: Mutex::new(state), room: Notify::new() }
    }

    /// Asks for the right to send `bytes` to a destination.
    pub(crate) fn enter(self: &Arc<Self>, destination: &Destination, bytes: usize) -> Admission {
        let now = self.clock.now();
        let mut state = self.lock();
        state.prune(now);
        let free = self.limits.concurrency.saturating_sub(state.running);
        let room = self.limits.waiting_bytes.saturating_sub(state.waiting_cost);
        let cost = bytes.max(LEAST_COST);
        let State { lanes, turns, running, waiting_cost, .. } = &mut *state;
        let lane = lanes.entry(destination.clone()).or_insert_with(Lane::new);
        if free == 0 && lane.breaker.is_open() {
            return Admission::PutBack(self.slot(lane, Busy::Full, Duration::ZERO, now));
        }
        let probe = match lane.breaker.ask(now) {
            Pass::Stop(pause) => {
                return Admission::PutBack(self.slot(lane, Busy::Broken, pause, now));
            }
            Pass::Probe => true,
            Pass::Go => false,
        };
        if probe || (lane.waiting.is_empty() && lane.running < self.share(lane, free)) {
            lane.running += 1;
            *running += 1;
            drop(state);
            return Admission::Go(Permit::new(Arc::clone(self), destination.clone(), probe));
        }
        let waiting_here: usize = lane.waiting.iter().map(|waiter| waiter.cost).sum();
        if waiting_here + cost > room / 2 {
            return Admission::PutBack(self.slot(lane, Busy::Full, Duration::ZERO, now));
        }
        let (reply, decision) = oneshot::channel();
        if lane.waiting.is_empty() {
            turns.push_back(destination.clone());
        }
        lane.waiting.push_back(Waiter { cost, reply });
        *waiting_cost += cost;
        Admission::Wait(Waiting::new(Arc::clone(self), destination.clone(), decision))
    }

    /// How many more tries may begin now.
    pub(crate) fn free(&self) -> usize {
        self.limits.concurrency.saturating_sub(self.lock().running)
    }

    /// Waits until a try has ended.
    pub(crate) async fn wait_for_room(&self) {
        let freed = self.room.notified();
        if self.free() == 0 {
            freed.await;
        }
    }

    /// Lanes, tries under way, deliveries that wait, and open breakers.
    pub(crate) fn figures(&self) -> Figures {
        let state = self.lock();
        Figures {
            lanes: state.lanes.len(),
            running: state.running,
            waiting: state.lanes.values().map(|lane| lane.waiting.len()).sum(),
            open_breakers: state.lanes.values().filter(|lane| lane.breaker.is_open()).count(),
        }
    }

    /// A slot for a delivery that is put back.
    pub(super) fn put_back(&self, destination: &Destination, busy: Busy) -> PutBack {
        let now = self.clock.now();
        let mut state = self.lock();
        let lane = state.lanes.entry(destination.clone()).or_insert_with(Lane::new);
        self.slot(lane, busy, Duration::ZERO, now)
    }

    /// Notes how a try ended; when it opened the breaker, those who wait are put back.
    pub(super) fn note(&self, destination: &Destination, well: bool, probe: bool, took: Duration) {
        let now = self.clock.now();
        let mut state = self.lock();
        let State { lanes, turns, waiting_cost, .. } = &mut *state;
        let Some(lane) = lanes.get_mut(destination) else { return };
        lane.learn(took);
        if !lane.breaker.record(well, probe, now) {
            return;
        }
        turns.retain(|turn| turn != destination);
        tracing::info!(?destination, "most tries fail: the breaker is open");
        while let Some(waiter) = lane.waiting.pop_front() {
            *waiting_cost = waiting_cost.saturating_sub(waiter.cost);
            let put_back = self.slot(lane, Busy::Broken, Duration::ZERO, now);
            // A waiter that is gone needs no answer.
            let _ = waiter.reply.send(Decision::PutBack(put_back));
        }
    }

    /// Gives the room of a try to the next in turn.
    pub(super) fn leave(&self, destination: &Destination, abandoned_probe: bool) {
        let now = self.clock.now();
        let mut state = self.lock();
        state.running = state.running.saturating_sub(1);
        if let Some(lane) = state.lanes.get_mut(destination) {
            lane.running = lane.running.saturating_sub(1);
            lane.breaker.abandon(abandoned_probe, now);
        }
        self.serve(&mut state);
        drop(state);
        self.room.notify_one();
    }

    /// Takes waiters off the list whose wait was given up.
    pub(super) fn forget_gone_waiters(&self, destination: &Destination) {
        let mut state = self.lock();
        let State { lanes, turns, waiting_cost, .. } = &mut *state;
        let Some(lane) = lanes.get_mut(destination) else { return };
        lane.waiting.retain(|waiter| {
            let gone = waiter.reply.is_closed();
            if gone {
                *waiting_cost = waiting_cost.saturating_sub(waiter.cost);
            }
            !gone
        });
        if lane.waiting.is_empty() {
            turns.retain(|turn| turn != destination);
        }
    }

    /// Lets waiters go, one of each lane in turn, until none may.
    fn serve(&self, state: &mut State) {
        let mut refused = 0;
        while refused < state.turns.len() {
            let free = self.limits.concurrency.saturating_sub(state.running);
            let Some(destination) = state.turns.pop_front() else { return };
            let State { lanes, turns, running, waiting_cost, .. } = state;
            let Some(lane) = lanes.get_mut(&destination) else { continue };
            if lane.running < self.share(lane, free) {
                let Some(waiter) = lane.waiting.pop_front() else { continue };
                *waiting_cost = waiting_cost.saturating_sub(waiter.cost);
                if waiter.reply.send(Decision::Go).is_ok() {
                    lane.running += 1;
                    *running += 1;
                }
                refused = 0;
            } else {
                refused += 1;
            }
            if !lane.waiting.is_empty() {
                turns.push_back(destination);
            }
        }
    }

    /// How many tries a lane may have under way: its limit, but no more than a quarter of what is free; few until
    /// one has shown how long they last; and none of the last quarter of all room when they last long. However many
    /// destinations are slow, there is room for the others.
    fn share(&self, lane: &Lane, free: usize) -> usize {
        if lane.is_slow() && free <= self.limits.concurrency / 4 {
            return 0;
        }
        let most = if lane.is_known() { self.limits.per_destination } else { UNKNOWN };
        most.min(self.limits.per_destination).min(free.div_ceil(4))
    }

    fn slot(&self, lane: &mut Lane, busy: Busy, at_least: Duration, now: Timestamp) -> PutBack {
        lane.put_back(busy, at_least, self.limits.per_destination, rand::random(), now)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn prune(&mut self, now: Timestamp) {
        if self.lanes.len() >= self.prune_at {
            self.lanes.retain(|_, lane| !lane.is_idle(now));
            self.prune_at = PRUNE_FROM.max(self.lanes.len() * 2);
        }
    }
}

/// What the metrics show of the lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) lanes: usize,
    pub(crate) running: usize,
    pub(crate) waiting: usize,
    pub(crate) open_breakers: usize,
}

impl fmt::Debug for Lanes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lanes").field("figures", &self.figures()).finish_non_exhaustive()
    }
}
