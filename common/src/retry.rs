//! How long to wait before something is tried again. The one place that knows the crate `backoff`.

use std::time::Duration;

use backoff::ExponentialBackoff;
use backoff::backoff::Backoff as _;

/// The most attempts that lengthen a delay.
const MAX_STEPS: u32 = 256;

/// Exponential delays with jitter: attempt 1 is followed by about `initial`, each further one by `multiplier` times
/// more, up to `max`.
#[derive(Clone, Debug, PartialEq)]
pub struct RetryPolicy {
    /// The delay after the first failed attempt.
    pub initial: Duration,
    /// The longest delay, before jitter.
    pub max: Duration,
    /// How many times longer each delay is than the one before, at least 1.
    pub multiplier: f64,
    /// How far a delay is spread at random: 0.2 means between 80 % and 120 %. From 0 to 1.
    pub jitter: f64,
}

impl RetryPolicy {
    /// The delay after attempt number `attempt`, counted from 1, has failed.
    pub fn delay(&self, attempt: u32) -> Duration {
        let mut backoff = Backoff::new(self.clone());
        for _ in 1..attempt.clamp(1, MAX_STEPS) {
            backoff.next();
        }
        backoff.next()
    }
}

impl Default for RetryPolicy {
    /// For calls to a part that will be back soon: from 100 ms up to 5 s.
    fn default() -> Self {
        Self {
            initial: Duration::from_millis(100),
            max: Duration::from_secs(5),
            multiplier: 2.0,
            jitter: 0.2,
        }
    }
}

/// The delays of one loop that tries again and again. It never says to give up; the caller bounds the time.
#[derive(Debug)]
pub struct Backoff {
    policy: RetryPolicy,
    state: ExponentialBackoff,
}

impl Backoff {
    /// Starts at the policy's initial delay.
    pub fn new(policy: RetryPolicy) -> Self {
        let state = backoff::ExponentialBackoffBuilder::new()
            .with_initial_interval(policy.initial.min(policy.max))
            .with_max_interval(policy.max)
            .with_multiplier(policy.multiplier.max(1.0))
            .with_randomization_factor(policy.jitter.clamp(0.0, 1.0))
            .with_max_elapsed_time(None)
            .build();
        Self { policy, state }
    }

    /// The next delay.
    #[expect(
        clippy::should_implement_trait,
        reason = "there is always a next one, so it is no iterator"
    )]
    pub fn next(&mut self) -> Duration {
        self.state.next_backoff().unwrap_or(self.policy.max)
    }

    /// Starts anew, after a success.
    pub fn reset(&mut self) {
        self.state.reset();
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn steady() -> RetryPolicy {
        RetryPolicy {
            initial: Duration::from_secs(1),
            max: Duration::from_mins(1),
            multiplier: 2.0,
            jitter: 0.0,
        }
    }

    /// Without jitter the crate still adds up to a nanosecond.
    fn rounded(delay: Duration) -> u128 {
        delay.as_micros()
    }

    #[test]
    fn delays_double_up_to_the_maximum() {
        let policy = steady();
        let seconds: Vec<_> =
            (0..10).map(|attempt| rounded(policy.delay(attempt)) / 1_000_000).collect();
        assert_eq!(seconds, [1, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
        assert_eq!(rounded(policy.delay(u32::MAX)), 60_000_000);
    }

    #[test]
    fn jitter_stays_within_its_bounds() {
        let policy = RetryPolicy { jitter: 0.2, ..steady() };
        let delays: Vec<_> = (0..200).map(|_| policy.delay(1)).collect();
        assert!(delays.iter().all(|delay| {
            (Duration::from_millis(800)..=Duration::from_millis(1201)).contains(delay)
        }));
        assert!(delays.iter().any(|delay| delay != &delays[0]));
    }

    #[test]
    fn a_loop_starts_anew_after_a_success() {
        let mut backoff = Backoff::new(steady());
        let first = backoff.next();
        assert!(backoff.next() > first);
        backoff.reset();
        assert_eq!(rounded(backoff.next()), rounded(first));
    }

    #[test]
    fn senseless_policies_do_no_harm() {
        let policy = RetryPolicy { multiplier: 0.0, jitter: 7.0, ..steady() };
        assert!(policy.delay(3) <= Duration::from_secs(3));
        let zero = RetryPolicy { initial: Duration::ZERO, max: Duration::ZERO, ..steady() };
        assert_eq!(rounded(zero.delay(5)), 0);
    }

    proptest! {
        /// Whatever an operator sets: a delay lies within the jitter around what the policy says, and never beyond.
        #[test]
        fn delays_keep_to_the_policy(
            initial in 1_000_u64..10_000_000,
            max in 1_000_u64..100_000_000,
            multiplier in 0.0_f64..10.0,
            jitter in 0.0_f64..=1.0,
            attempt in 0..=MAX_STEPS,
        ) {
            let (initial, max) = (Duration::from_micros(initial), Duration::from_micros(max));
            let policy = RetryPolicy { initial, max, multiplier, jitter };
            let delay = policy.delay(attempt).as_secs_f64();
            let (first, longest) = (initial.min(max).as_secs_f64(), max.as_secs_f64());
            let exact = (first * multiplier.max(1.0).powf(f64::from(attempt.max(1) - 1))).min(longest);
            // The crate cuts every delay to nanoseconds before it makes the next one of it.
            let slack = 1e-6 + exact * 1e-3;
            prop_assert!(delay <= exact * (1.0 + jitter) + slack, "{delay} for {exact}");
            prop_assert!(delay >= exact * (1.0 - jitter) - slack, "{delay} for {exact}");
        }
    }
}
