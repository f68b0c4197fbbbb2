//! When the operations of an open load start.

use std::time::Duration;

/// A steady rate for a while.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    per_second: f64,
    count: u64,
}

impl Plan {
    /// So many a second, for so long; at least one.
    pub(crate) fn steady(per_second: f64, lasting: Duration) -> Self {
        let count = (per_second * lasting.as_secs_f64()).round() as u64;
        Self { per_second, count: count.max(1) }
    }

    /// How many operations there will be.
    pub(crate) fn count(&self) -> u64 {
        self.count
    }

    /// The intended start of each, from the beginning.
    pub(crate) fn starts(&self) -> impl Iterator<Item = Duration> + Send + use<> {
        let gap = 1.0 / self.per_second;
        (0..self.count).map(move |index| Duration::from_secs_f64(index as f64 * gap))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_are_even_and_do_not_drift() {
        let plan = Plan::steady(200.0, Duration::from_secs(10));
        assert_eq!(plan.count(), 2000);
        let starts: Vec<Duration> = plan.starts().collect();
        assert_eq!(starts[0], Duration::ZERO);
        assert_eq!(starts[1], Duration::from_millis(5));
        assert_eq!(starts[1999], Duration::from_millis(9995));
    }

    #[test]
    fn the_shortest_plan_has_one_start() {
        assert_eq!(Plan::steady(1.0, Duration::from_millis(10)).starts().count(), 1);
    }
}
