//! What a queue looked like over the last minutes, and what follows for a job in it.

use std::collections::VecDeque;
use std::time::Duration;

use common::bus::QueueFigures;
use common::clock::Timestamp;

/// Samples kept per queue: five minutes at one a second.
const KEPT: usize = 300;
/// The rate is taken over this time.
const RATE_OVER: Duration = Duration::from_mins(2);

/// A queue at one moment.
#[derive(Clone, Copy, Debug)]
struct Sample {
    at: Timestamp,
    waiting: u64,
    delivered: u64,
}

/// The last minutes of a queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Samples(VecDeque<Sample>);

impl Samples {
    /// Notes the figures of a moment.
    pub(super) fn note(&mut self, figures: &QueueFigures, at: Timestamp) {
        let sample = Sample { at, waiting: figures.waiting, delivered: figures.delivered_total };
        // A consumer that was made anew counts from zero again: what was counted before says nothing now.
        if self.0.back().is_some_and(|last| last.delivered > sample.delivered) {
            self.0.clear();
        }
        if self.0.len() == KEPT {
            self.0.pop_front();
        }
        self.0.push_back(sample);
    }

    /// How many jobs come before one that was queued at `queued_at`: those that waited when it came, less those that
    /// were delivered since. Retries that were put back in between make it too low, removed jobs too high.
    pub(super) fn position(&self, queued_at: Timestamp) -> Option<u64> {
        let now = self.0.back()?;
        let then = self.0.iter().find(|sample| sample.at >= queued_at);
        // Queued after the last sample: what else came since then is not known.
        let then = then?;
        let delivered = now.delivered.saturating_sub(then.delivered);
        // The job itself is among those that waited at the first sample after it came.
        let before = then.waiting.saturating_sub(1).saturating_sub(delivered);
        Some(before.min(now.waiting.saturating_sub(1)))
    }

    /// Deliveries per second in the last two minutes while jobs waited: what is delivered while none waits says how
    /// fast jobs come, not how fast they go. `None` when none waited, none was delivered then, or too little was seen.
    pub(super) fn rate(&self) -> Option<f64> {
        let from = self.0.back()?.at.minus(RATE_OVER);
        let (mut seconds, mut delivered) = (0.0, 0);
        for (then, now) in self.0.iter().zip(self.0.iter().skip(1)) {
            if then.at >= from && then.waiting > 0 && now.waiting > 0 {
                seconds += now.at.since(then.at).as_secs_f64();
                delivered += now.delivered.saturating_sub(then.delivered);
            }
        }
        (seconds >= 1.0 && delivered > 0).then(|| delivered as f64 / seconds)
    }
}

#[cfg(test)]
mod tests {
    use common::job::Lane;

    use super::*;

    fn at(second: u64) -> Timestamp {
        Timestamp::from_micros(1_000_000_000).plus(Duration::from_secs(second))
    }

    fn samples(figures: &[(u64, u64, u64)]) -> Samples {
        let mut samples = Samples::default();
        for &(second, waiting, delivered_total) in figures {
            let figures = QueueFigures {
                capability: "llm".into(),
                model: "m".into(),
                lane: Lane::Normal,
                waiting,
                in_flight: 0,
                delivered_total,
                delivered_sequence: 0,
            };
            samples.note(&figures, at(second));
        }
        samples
    }

    #[test]
    fn a_job_moves_up_as_others_are_delivered() {
        let samples = samples(&[(0, 5, 100), (1, 8, 102), (2, 6, 104)]);
        // Queued at second 1 as the last of 8; 2 were delivered since.
        assert_eq!(samples.position(at(1)), Some(5));
        // Queued at second 0 as the last of 5; 4 were delivered since.
        assert_eq!(samples.position(at(0)), Some(0));
        // Queued after the last sample.
        assert_eq!(samples.position(at(3)), None);
    }

    #[test]
    fn a_job_older_than_the_samples_is_placed_no_later_than_the_oldest_sample_allows() {
        let samples = samples(&[(10, 4, 0), (11, 3, 1)]);
        assert_eq!(samples.position(at(0)), Some(2));
    }

    #[test]
    fn the_rate_is_that_of_the_last_two_minutes() {
        assert_eq!(samples(&[(0, 9, 0), (100, 9, 400), (200, 9, 600)]).rate(), Some(2.0));
        assert_eq!(samples(&[(0, 3, 7)]).rate(), None);
        assert_eq!(samples(&[(0, 3, 7), (10, 3, 7)]).rate(), None);
    }

    #[test]
    fn what_is_delivered_while_none_waits_is_no_rate() {
        assert_eq!(samples(&[(0, 0, 0), (30, 0, 1), (36, 0, 2)]).rate(), None);
        // Thirty idle seconds, then a crowd.
        assert_eq!(
            samples(&[(0, 0, 0), (30, 0, 1), (31, 90, 20), (33, 70, 40)]).rate(),
            Some(10.0)
        );
    }

    #[test]
    fn a_consumer_that_was_made_anew_starts_anew() {
        let samples = samples(&[(0, 9, 500), (1, 9, 0), (2, 8, 1)]);
        assert_eq!(samples.0.len(), 2);
        assert_eq!(samples.rate(), Some(1.0));
    }
}
