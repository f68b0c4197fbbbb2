//! Counts and times requests by route.

use std::time::Duration;

use common::telemetry::Metrics;
use http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

/// The request metrics of a gateway. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RequestMetrics {
    answered: Family<Answered, Counter>,
    seconds: Family<Route, Histogram>,
    in_flight: Gauge,
}

/// Counts a request as in flight until it is dropped.
pub(crate) struct InFlight(Gauge);

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answered {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

impl RequestMetrics {
    /// Registers the metrics.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let new = Self {
            answered: Family::default(),
            seconds: Family::new_with_constructor(|| {
                Histogram::new([0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0, 300.0])
            }),
            in_flight: Gauge::default(),
        };
        metrics.register(|registry| {
            registry.register(
                "millrace_http_requests",
                "Requests that were answered, by method, route and status",
                new.answered.clone(),
            );
            registry.register(
                "millrace_http_request_duration_seconds",
                "Time to the head of the answer, by route",
                new.seconds.clone(),
            );
            registry.register(
                "millrace_http_requests_in_flight",
                "Requests that are not answered yet",
                new.in_flight.clone(),
            );
        });
        new
    }

    /// Counts a request as in flight.
    pub(crate) fn begin(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// Counts an answer. `route` is the pattern, so that the number of series is bounded.
    pub(crate) fn count(&self, method: &Method, route: &str, status: StatusCode, time: Duration) {
        let labels = Answered {
            method: bounded(method).to_owned(),
            route: route.to_owned(),
            status: status.as_u16(),
        };
        self.answered.get_or_create(&labels).inc();
        self.seconds.get_or_create(&Route { route: labels.route }).observe(time.as_secs_f64());
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// A caller may invent methods; they share one label.
fn bounded(method: &Method) -> &str {
    match *method {
        Method::GET
        | Method::HEAD
        | Method::POST
        | Method::PUT
        | Method::PATCH
        | Method::DELETE
        | Method::OPTIONS => method.as_str(),
        _ => "OTHER",
    }
}
