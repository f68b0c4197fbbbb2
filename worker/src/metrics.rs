//! What a worker counts.

use std::time::Duration;

use common::telemetry::Metrics;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: String,
}

/// The worker's metrics.
#[derive(Clone)]
pub(crate) struct WorkerMetrics {
    duration: Family<Operation, Histogram, fn() -> Histogram>,
    pub(crate) busy_slots: Gauge,
}

impl WorkerMetrics {
    pub(crate) fn register(metrics: &Metrics) -> Self {
        let this = Self {
            duration: Family::new_with_constructor(run_histogram as fn() -> Histogram),
            busy_slots: Gauge::default(),
        };
        metrics.register(|registry| {
            registry.register(
                "millrace_run_duration_seconds",
                "Time that runs took, by operation",
                this.duration.clone(),
            );
            registry.register(
                "millrace_worker_busy_slots",
                "Slots that run a job now",
                this.busy_slots.clone(),
            );
        });
        this
    }

    pub(crate) fn ran(&self, operation: &str, took: Duration) {
        let label = Operation { operation: operation.to_owned() };
        self.duration.get_or_create(&label).observe(took.as_secs_f64());
    }
}

/// From a millisecond to more than an hour.
fn run_histogram() -> Histogram {
    Histogram::new(exponential_buckets(0.001, 3.0, 15))
}
