//! What this gateway admitted and the figures do not show yet.

use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that were admitted since the broker was asked the last time, and between that and the time before: of those
/// some may have been on their way when it answered. Some are counted twice for a second, none is missed.
#[derive(Debug, Default)]
pub(super) struct Unseen {
    since: AtomicU64,
    before: AtomicU64,
}

impl Unseen {
    /// Notes what was admitted.
    pub(super) fn add(&self, bytes: u64) {
        self.since.fetch_add(bytes, Ordering::AcqRel);
    }

    /// The broker is being asked.
    pub(super) fn turn(&self) {
        self.before.store(self.since.swap(0, Ordering::AcqRel), Ordering::Release);
    }

    /// What its answer may not show.
    pub(super) fn bytes(&self) -> u64 {
        self.since.load(Ordering::Acquire).saturating_add(self.before.load(Ordering::Acquire))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_admitted_is_seen_after_the_second_question() {
        let unseen = Unseen::default();
        unseen.add(5);
        unseen.turn();
        unseen.add(2);
        assert_eq!(unseen.bytes(), 7);
        unseen.turn();
        assert_eq!(unseen.bytes(), 2);
        unseen.turn();
        assert_eq!(unseen.bytes(), 0);
    }
}
