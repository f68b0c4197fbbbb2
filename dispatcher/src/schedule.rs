//! When the next attempt is due.

use std::time::Duration;

use common::clock::Timestamp;

/// The longest that a receiver may ask us to wait.
pub(crate) const LONGEST_RETRY_AFTER: Duration = Duration::from_hours(24);

/// The delay before each attempt, the first one included.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    delays: Vec<Duration>,
    jitter: f64,
}

impl Schedule {
    /// `delays` holds one delay per attempt; `jitter` is the share, 0 to 1, by which a delay may be shorter or
    /// longer.
    pub(crate) fn new(delays: Vec<Duration>, jitter: f64) -> Self {
        Self { delays, jitter: jitter.clamp(0.0, 1.0) }
    }

    /// The delay before the first attempt.
    pub(crate) fn first_delay(&self) -> Duration {
        self.delays.first().copied().unwrap_or_default()
    }

    /// When the attempt after `tries` failed ones is due, or `None` when there is none. `retry_after` is what the
    /// receiver asked for: it may make the delay longer, up to 24 hours, never shorter. `roll` is a random number
    /// from 0 to 1.
    pub(crate) fn next(
        &self,
        tries: u32,
        retry_after: Option<Duration>,
        roll: f64,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let delay = self.delays.get(usize::try_from(tries).ok()?)?;
        let delay = delay.mul_f64(1.0 + self.jitter * (2.0 * roll.clamp(0.0, 1.0) - 1.0));
        let asked = retry_after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
        Some(now.plus(delay.max(asked)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(0);

    fn schedule() -> Schedule {
        Schedule::new([0, 5, 30, 86_400].map(Duration::from_secs).to_vec(), 0.2)
    }

    fn next(tries: u32, retry_after: Option<u64>, roll: f64) -> Option<u64> {
        schedule()
            .next(tries, retry_after.map(Duration::from_secs), roll, NOW)
            .map(|at| at.since(NOW).as_secs())
    }

    #[test]
    fn each_attempt_has_its_delay_and_the_last_has_none_after_it() {
        let delays: Vec<_> = (0..5).map(|tries| next(tries, None, 0.5)).collect();
        assert_eq!(delays, [Some(0), Some(5), Some(30), Some(86_400), None]);
        assert_eq!(next(4, Some(60), 0.5), None);
    }

    #[test]
    fn jitter_is_a_fifth_both_ways() {
        assert_eq!((next(2, None, 0.0), next(2, None, 1.0)), (Some(24), Some(36)));
    }

    #[test]
    fn retry_after_is_obeyed_between_the_scheduled_delay_and_a_day() {
        assert_eq!(next(2, Some(10), 0.5), Some(30), "never earlier than scheduled");
        assert_eq!(next(2, Some(3_600), 0.5), Some(3_600));
        assert_eq!(next(2, Some(999_999), 0.5), Some(86_400), "never later than a day");
    }
}
