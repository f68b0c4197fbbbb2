//! What the dispatcher counts.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use common::telemetry::Metrics;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;

use crate::lane::Lanes;

/// What became of a delivery that was pulled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Taken by the receiver.
    Delivered,
    /// Not taken; another attempt is scheduled.
    Retried,
    /// Not taken, or not wanted; no attempt follows.
    Dead,
    /// Put back without an attempt: lane full, breaker open, or not due.
    PutBack,
    /// Dropped: this attempt was made before.
    Repeated,
    /// Given back to the broker: a stop, or NATS or the configuration was away.
    GivenBack,
    /// Dropped: not a delivery.
    Unreadable,
}

impl Fate {
    /// The fate as a word of the log.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Retried => "retried",
            Self::Dead => "dead",
            Self::PutBack => "put_back",
            Self::Repeated => "repeated",
            Self::GivenBack => "given_back",
            Self::Unreadable => "unreadable",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FateLabel {
    outcome: &'static str,
}

/// The dispatcher's metrics.
#[derive(Clone, Debug)]
pub(crate) struct DispatcherMetrics {
    deliveries: Family<FateLabel, Counter>,
    duration: Histogram,
}

impl DispatcherMetrics {
    /// Registers them, with the figures of `lanes`.
    pub(crate) fn register(metrics: &Metrics, lanes: &Arc<Lanes>) -> Self {
        let ours = Self {
            deliveries: Family::default(),
            duration: Histogram::new([
                0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 15.0, 30.0,
            ]),
        };
        metrics.register(|registry| {
            registry.register(
                "millrace_deliveries",
                "Webhook deliveries pulled, by what became of them",
                ours.deliveries.clone(),
            );
            registry.register(
                "millrace_delivery_duration_seconds",
                "Time from sending a webhook to the end of its answer",
                ours.duration.clone(),
            );
            registry.register_collector(Box::new(LaneFigures(Arc::clone(lanes))));
        });
        ours
    }

    pub(crate) fn count(&self, fate: Fate) {
        self.deliveries.get_or_create(&FateLabel { outcome: fate.as_str() }).inc();
    }

    pub(crate) fn observe(&self, duration: Duration) {
        self.duration.observe(duration.as_secs_f64());
    }
}

/// Reads the lanes when it is asked, so that nothing has to be kept in step.
#[derive(Debug)]
struct LaneFigures(Arc<Lanes>);

impl Collector for LaneFigures {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        let figures = self.0.figures();
        let gauges = [
            ("millrace_delivery_lanes", "Destinations with a lane", figures.lanes),
            ("millrace_delivery_running", "Webhook attempts under way", figures.running),
            ("millrace_delivery_waiting", "Deliveries that wait for their lane", figures.waiting),
            ("millrace_delivery_open_breakers", "Lanes held back", figures.open_breakers),
        ];
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(value as i64);
            let metric = encoder.encode_descriptor(name, help, None, gauge.metric_type())?;
            gauge.encode(metric)?;
        }
        Ok(())
    }
}
