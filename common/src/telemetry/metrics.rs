//! The process's metrics.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;

/// The one registry of a process. Cheap to clone; all clones are one.
#[derive(Clone, Debug, Default)]
pub struct Metrics(Arc<Mutex<Registry>>);

impl Metrics {
    /// The content type of [`encode`](Self::encode)'s text.
    pub const CONTENT_TYPE: &'static str =
        "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// An empty registry.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers metrics. Names begin with `millrace_` and say their unit.
    pub fn register(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// All metrics as OpenMetrics text.
    pub fn encode(&self) -> String {
        let mut encoded = String::new();
        let registry = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = text::encode(&mut encoded, &registry) {
            tracing::error!(%error, "the metrics can not be written");
        }
        encoded
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;

    use super::Metrics;

    #[test]
    fn what_is_registered_is_shown() {
        let metrics = Metrics::new();
        let jobs = Counter::<u64>::default();
        metrics
            .clone()
            .register(|registry| registry.register("millrace_jobs", "Jobs", jobs.clone()));
        jobs.inc();
        let text = metrics.encode();
        assert!(text.contains("millrace_jobs_total 1"), "{text}");
        assert!(text.ends_with("# EOF\n"));
    }
}
