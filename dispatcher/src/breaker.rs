//! The breaker of a destination: it stops the tries when most of them fail, and lets one through from time to time
//! to see whether the destination is well again.

use std::time::Duration;

use common::clock::Timestamp;

/// How far back tries count.
const WINDOW: Duration = Duration::from_mins(1);
/// The window is counted in this many steps.
const STEPS: usize = 12;
/// Fewer tries than this never open the breaker.
const MINIMUM_TRIES: u32 = 10;
/// How long it stays open the first time; doubled each time a probe fails.
const FIRST_PAUSE: Duration = Duration::from_secs(15);
/// The longest it stays open before another probe.
const LONGEST_PAUSE: Duration = Duration::from_mins(2);
/// An open breaker that nobody asked for this long after its pause is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_mins(10);
/// How long work is put off while a probe is under way.
const PROBE_PATIENCE: Duration = Duration::from_secs(5);

/// What the breaker says to a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pass {
    /// Go on.
    Go,
    /// Go on as the one probe of a half-open breaker.
    Probe,
    /// Not now; ask again after this long.
    Stop(Duration),
}

/// Opens at 10 or more tries of which half or more failed, within 60 seconds.
#[derive(Debug)]
pub(crate) struct Breaker {
    state: State,
    tries: Window,
    failed_probes: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Closed,
    Open { until: Timestamp },
    Probing,
}

impl Breaker {
    pub(crate) fn new() -> Self {
        Self { state: State::Closed, tries: Window::default(), failed_probes: 0 }
    }

    /// Asks for leave. A caller that gets [`Pass::Probe`] must call [`Breaker::record`] or [`Breaker::abandon`] with
    /// `probe` set.
    pub(crate) fn ask(&mut self, now: Timestamp) -> Pass {
        match self.state {
            State::Closed => Pass::Go,
            State::Open { until } if now >= until => {
                self.state = State::Probing;
                Pass::Probe
            }
            State::Open { until } => Pass::Stop(until.since(now)),
            State::Probing => Pass::Stop(PROBE_PATIENCE),
        }
    }

    /// Notes how a try ended. Returns true when this opened the breaker.
    pub(crate) fn record(&mut self, well: bool, probe: bool, now: Timestamp) -> bool {
        match (self.state, probe) {
            (State::Probing, true) if well => {
                *self = Self::new();
                false
            }
            (State::Probing, true) => {
                self.failed_probes = self.failed_probes.saturating_add(1);
                self.open(now);
                true
            }
            (State::Closed, _) => {
                self.tries.add(well, now);
                let (tries, failures) = self.tries.count(now);
                let opens = tries >= MINIMUM_TRIES && failures * 2 >= tries;
                if opens {
                    self.open(now);
                }
                opens
            }
            // A try that began before the breaker opened says nothing new.
            (State::Open { .. } | State::Probing, _) => false,
        }
    }

    /// Notes that a probe ended without saying anything about the destination: the next one may go at once.
    pub(crate) fn abandon(&mut self, probe: bool, now: Timestamp) {
        if probe && self.state == State::Probing {
            self.state = State::Open { until: now };
        }
    }

    /// Whether it holds tries back.
    pub(crate) fn is_open(&self) -> bool {
        self.state != State::Closed
    }

    /// Whether little is lost when it is forgotten: no try of the last minute, or open and not asked for long.
    pub(crate) fn is_blank(&self, now: Timestamp) -> bool {
        match self.state {
            State::Closed => self.tries.count(now) == (0, 0),
            State::Open { until } => now.since(until) > FORGOTTEN_AFTER,
            State::Probing => false,
        }
    }

    fn open(&mut self, now: Timestamp) {
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failed_probes.min(8)).min(LONGEST_PAUSE);
        self.state = State::Open { until: now.plus(pause) };
        self.tries = Window::default();
    }
}

/// Tries and failures of the last minute, in steps of five seconds.
#[derive(Debug, Default)]
struct Window {
    steps: [Step; STEPS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Step {
    number: i64,
    tries: u32,
    failures: u32,
}

impl Window {
    fn add(&mut self, well: bool, now: Timestamp) {
        let number = Self::number(now);
        let step = &mut self.steps[number.rem_euclid(STEPS as i64) as usize];
        if step.number != number {
            *step = Step { number, tries: 0, failures: 0 };
        }
        step.tries += 1;
        step.failures += u32::from(!well);
    }

    fn count(&self, now: Timestamp) -> (u32, u32) {
        let newest = Self::number(now);
        self.steps
            .iter()
            .filter(|step| newest - step.number < STEPS as i64)
            .fold((0, 0), |(tries, failures), step| (tries + step.tries, failures + step.failures))
    }

    fn number(now: Timestamp) -> i64 {
        now.as_micros().div_euclid((WINDOW.as_micros() / STEPS as u128) as i64)
    }
}

#[cfg(test)]
mod tests {
    use common::clock::{Clock, ManualClock};

    use super::*;

    fn clock() -> ManualClock {
        ManualClock::new(Timestamp::from_micros(1_700_000_000_000_000))
    }

    fn opened(clock: &ManualClock) -> Breaker {
        let mut breaker = Breaker::new();
        for _ in 0..10 {
            breaker.record(false, false, clock.now());
        }
        breaker
    }

    #[test]
    fn it_opens_at_ten_tries_and_half_of_them_failed() {
        let clock = clock();
        let mut breaker = Breaker::new();
        for _ in 0..5 {
            assert!(!breaker.record(true, false, clock.now()));
        }
        for _ in 0..4 {
            assert!(!breaker.record(false, false, clock.now()), "nine tries are too few");
        }
        assert!(breaker.record(false, false, clock.now()));
        assert_eq!(breaker.ask(clock.now()), Pass::Stop(FIRST_PAUSE));
    }

    #[test]
    fn mostly_well_it_stays_closed() {
        let clock = clock();
        let mut breaker = Breaker::new();
        for number in 0..100 {
            assert!(!breaker.record(number % 5 < 3, false, clock.now()));
        }
        assert_eq!(breaker.ask(clock.now()), Pass::Go);
    }

    #[test]
    fn failures_of_more_than_a_minute_ago_do_not_count() {
        let clock = clock();
        let mut breaker = Breaker::new();
        for _ in 0..9 {
            breaker.record(false, false, clock.now());
        }
        clock.advance(Duration::from_secs(61));
        assert!(breaker.is_blank(clock.now()));
        assert!(!breaker.record(false, false, clock.now()));
        assert_eq!(breaker.ask(clock.now()), Pass::Go);
    }

    #[test]
    fn half_open_it_lets_one_probe_through() {
        let clock = clock();
        let mut breaker = opened(&clock);
        clock.advance(FIRST_PAUSE);
        assert_eq!(breaker.ask(clock.now()), Pass::Probe);
        assert_eq!(breaker.ask(clock.now()), Pass::Stop(PROBE_PATIENCE));
        assert!(!breaker.record(true, true, clock.now()));
        assert_eq!(breaker.ask(clock.now()), Pass::Go);
    }

    #[test]
    fn each_failed_probe_doubles_the_pause_up_to_a_limit() {
        let clock = clock();
        let mut breaker = opened(&clock);
        let mut pauses = Vec::new();
        for _ in 0..5 {
            let Pass::Stop(pause) = breaker.ask(clock.now()) else { panic!("it is open") };
            pauses.push(pause.as_secs());
            clock.advance(pause);
            assert_eq!(breaker.ask(clock.now()), Pass::Probe);
            breaker.record(false, true, clock.now());
        }
        assert_eq!(pauses, [15, 30, 60, 120, 120]);
    }

    #[test]
    fn late_tries_do_not_close_it_and_an_abandoned_probe_does_not_block() {
        let clock = clock();
        let mut breaker = opened(&clock);
        assert!(!breaker.record(true, false, clock.now()));
        assert!(breaker.is_open());
        clock.advance(FIRST_PAUSE);
        assert_eq!(breaker.ask(clock.now()), Pass::Probe);
        breaker.abandon(true, clock.now());
        assert_eq!(breaker.ask(clock.now()), Pass::Probe);
    }
}
