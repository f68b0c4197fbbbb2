//! Times of many operations.

use std::time::Duration;

use hdrhistogram::Histogram;

/// Times in microseconds with three significant digits, up to ten minutes.
#[derive(Clone, Debug)]
pub(crate) struct Latencies(Histogram<u64>);

/// The longest time that is told apart.
const MAX_US: u64 = 600_000_000;

impl Latencies {
    /// None yet.
    pub(crate) fn new() -> Self {
        let histogram = Histogram::new_with_bounds(1, MAX_US, 3);
        Self(
            histogram
                .expect("the bounds are legal: 1 is below the maximum, and 3 digits are allowed"),
        )
    }

    /// Notes a time.
    pub(crate) fn record(&mut self, took: Duration) {
        self.0.saturating_record((took.as_micros() as u64).max(1));
    }

    /// Adds those of another.
    pub(crate) fn join(&mut self, other: &Self) {
        // Both have the same bounds, so that nothing can be out of range.
        let _ = self.0.add(&other.0);
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u64 {
        self.0.len()
    }

    /// The time, in milliseconds, that this share (0 to 1) of the operations did not exceed; `None` without any.
    pub(crate) fn ms(&self, quantile: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(quantile) as f64 / 1e3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_times() {
        let mut all = Latencies::new();
        let mut others = Latencies::new();
        assert_eq!(all.ms(0.5), None);
        for ms in 1..=99 {
            all.record(Duration::from_millis(ms));
        }
        others.record(Duration::from_secs(2));
        all.join(&others);
        assert_eq!(all.len(), 100);
        for (quantile, expected) in [(0.5, 50.0), (0.99, 99.0), (1.0, 2000.0)] {
            let found = all.ms(quantile).unwrap();
            assert!((found - expected).abs() < expected / 500.0, "{found}");
        }
    }
}
