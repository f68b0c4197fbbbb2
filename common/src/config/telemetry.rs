//! `[telemetry]`

use std::net::SocketAddr;

use tracing_subscriber::EnvFilter;
use url::Url;

use super::section::Section;

/// Logs, traces and metrics.
#[derive(Clone, Debug)]
pub struct TelemetryConfig {
    /// A level, or directives as `tracing` reads them.
    pub log: String,
    /// How a line of the log looks.
    pub format: LogFormat,
    /// Where traces are sent: the base of an OTLP receiver over HTTP.
    pub otlp_endpoint: Option<Url>,
    /// Where a process that is no gateway serves its metrics and health.
    pub metrics_listen: Option<SocketAddr>,
}

/// How a line of the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For programs: one JSON object per line.
    Json,
}

impl TelemetryConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let log = section.text("log");
        if let Err(error) = EnvFilter::try_new(&log) {
            section.mistake("log", format!("is not a level or a list of directives: {error}"));
        }
        Self {
            log,
            format: section
                .choice("format", &[("text", LogFormat::Text), ("json", LogFormat::Json)]),
            otlp_endpoint: section.url("otlp_endpoint", &["http", "https"]),
            metrics_listen: section.address("metrics_listen"),
        }
    }
}
