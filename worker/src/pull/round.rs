//! The round: every queue is asked from time to time whether or not it rang, because a bell may be missed.
//!
//! It goes in pieces, so that a job that rang does not wait until a thousand empty queues have been asked, and the more
//! queues there are the less often, so that asking costs the broker no more.

use std::time::Duration;

use common::bus::Queue;
use rand::RngExt as _;
use rand::seq::SliceRandom as _;
use tokio::time::Instant;

/// How long after the begin of a round the next one begins, in milliseconds. Workers are kept from asking in step.
const PERIOD: std::ops::Range<u64> = 1000..2000;
/// The same for each queue, when there are many: 500 are asked in a second.
const EACH: Duration = Duration::from_millis(2);
/// Queues that are asked at once.
const PIECE: usize = 16;

/// The queues that the round has not come to yet, and when the next one begins.
#[derive(Debug)]
pub(super) struct Round {
    left: Vec<Queue>,
    due: Instant,
}

impl Round {
    /// A round that begins at once.
    pub(super) fn new() -> Self {
        Self { left: Vec::new(), due: Instant::now() }
    }

    /// Begins the next round at once.
    pub(super) fn hurry(&mut self) {
        self.due = Instant::now();
    }

    /// The queues to ask next; of `all` queues, when a round begins.
    pub(super) fn piece<'a>(
        &mut self,
        all: impl ExactSizeIterator<Item = &'a Queue>,
    ) -> Vec<Queue> {
        let now = Instant::now();
        if self.due <= now {
            let period = Duration::from_millis(rand::rng().random_range(PERIOD));
            self.due = now + period.max(EACH * u32::try_from(all.len()).unwrap_or(u32::MAX));
            self.left = all.cloned().collect();
            self.left.shuffle(&mut rand::rng());
        }
        self.left.split_off(self.left.len().saturating_sub(PIECE))
    }

    /// When there is something to ask.
    pub(super) fn next(&self) -> Instant {
        if self.left.is_empty() { self.due } else { Instant::now() }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use common::job::Lane;

    use super::*;

    fn queues(count: usize) -> Vec<Queue> {
        (0..count).map(|n| Queue { model: n.to_string(), lane: Lane::Normal }).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn every_queue_is_asked_once_in_a_round_a_few_at_a_time() {
        let (mut round, all) = (Round::new(), queues(100));
        let mut asked = HashSet::new();
        while round.next() <= Instant::now() {
            let piece = round.piece(all.iter());
            assert!((1..=PIECE).contains(&piece.len()));
            assert!(piece.into_iter().all(|queue| asked.insert(queue)));
        }
        assert_eq!(asked.len(), 100);
        let rest = round.next() - Instant::now();
        assert!(rest >= Duration::from_secs(1) && rest < Duration::from_secs(2), "{rest:?}");
        tokio::time::advance(rest).await;
        assert_eq!(round.piece(all.iter()).len(), PIECE);
    }

    #[tokio::test(start_paused = true)]
    async fn many_queues_are_asked_less_often() {
        let (mut round, all) = (Round::new(), queues(3_000));
        while !round.piece(all.iter()).is_empty() {}
        assert_eq!(round.next() - Instant::now(), Duration::from_secs(6));
        round.hurry();
        assert!(!round.piece(all.iter()).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn without_queues_nothing_is_asked_and_nobody_spins() {
        let mut round = Round::new();
        assert!(round.piece([].iter()).is_empty());
        assert!(round.next() > Instant::now());
    }
}
