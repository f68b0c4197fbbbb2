//! How much time a run may take. Where it does not suffice, later rounds of peers fall away.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// The time of a run, and what of it the benches that are still to come need.
#[derive(Clone, Debug, Default)]
pub(crate) struct Budget {
    until: Option<Instant>,
    later: Cell<Duration>,
}

impl Budget {
    /// So long from `begun`; for ever without.
    pub(crate) fn new(lasting: Option<Duration>, begun: Instant) -> Self {
        Self { until: lasting.map(|lasting| begun + lasting), later: Cell::default() }
    }

    /// Keeps so much for the benches that follow.
    pub(crate) fn reserve(&self, later: Duration) {
        self.later.set(later);
    }

    /// Whether something that takes so long can still be done.
    pub(crate) fn allows(&self, now: Instant, taking: Duration) -> bool {
        self.until.is_none_or(|until| now + taking + self.later.get() <= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_has_its_time() {
        let (now, second) = (Instant::now(), Duration::from_secs(1));
        let budget = Budget::new(Some(10 * second), now);
        assert!(budget.allows(now, 10 * second));
        budget.reserve(6 * second);
        assert!(budget.allows(now, 4 * second));
        assert!(!budget.allows(now + second, 4 * second));
        assert!(Budget::new(None, now).allows(now, 1_000_000 * second));
    }
}
