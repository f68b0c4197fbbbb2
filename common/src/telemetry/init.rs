//! Setting up logs and traces, first thing in a process, and flushing them, last thing.

use std::io::{self, IsTerminal};
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

use super::export;
use crate::config::{LogFormat, TelemetryConfig};

/// How long the last spans may take to be sent.
const FLUSH: Duration = Duration::from_secs(5);

/// Telemetry can not be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log directives are wrong.
    #[error("the log setting '{0}' can not be understood")]
    Filter(String),
    /// The exporter of traces can not be built.
    #[error("traces can not be exported: {0}")]
    Exporter(String),
    /// Traces need a running tokio runtime.
    #[error("traces can not be exported: there is no runtime")]
    NoRuntime,
    /// Somebody else set up telemetry in this process.
    #[error("telemetry is set up already")]
    Twice,
}

/// Keeps telemetry going; flushes it when finished or dropped.
#[derive(Debug)]
#[must_use = "telemetry ends when the guard is dropped"]
pub struct TelemetryGuard(Option<SdkTracerProvider>);

/// Sets up logs on standard error and, when configured, the export of traces. `process` is the role's name. With traces
/// it must be called on a multi-threaded runtime, after [`install_crypto`](super::install_crypto).
pub fn init(config: &TelemetryConfig, process: &str) -> Result<TelemetryGuard, TelemetryError> {
    let filter =
        EnvFilter::try_new(&config.log).map_err(|_| TelemetryError::Filter(config.log.clone()))?;
    let provider = config
        .otlp_endpoint
        .as_ref()
        .map(|endpoint| export::provider(endpoint, process))
        .transpose()?;
    let traces = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer().with_tracer(provider.tracer(format!("millrace-{process}")))
    });
    tracing_subscriber::registry()
        .with(filter)
        .with(log(config.format))
        .with(traces)
        .try_init()
        .map_err(|_| TelemetryError::Twice)?;
    Ok(TelemetryGuard(provider))
}

fn log<S>(format: LogFormat) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    match format {
        LogFormat::Text => layer.with_ansi(io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_span_list(false).boxed(),
    }
}

impl TelemetryGuard {
    /// Sends what is still buffered, within five seconds. Does not block the runtime.
    pub async fn finish(mut self) {
        if let Some(provider) = self.0.take() {
            // Nobody is left to hear of a failure.
            let _ =
                tokio::task::spawn_blocking(move || provider.shutdown_with_timeout(FLUSH)).await;
        }
    }
}

impl Drop for TelemetryGuard {
    fn drop(&mut self) {
        if let Some(provider) = self.0.take() {
            let _ = provider.shutdown_with_timeout(FLUSH);
        }
    }
}
