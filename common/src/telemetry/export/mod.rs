//! Sending traces to an OTLP receiver.

use std::fmt;
use std::pin::pin;
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use tokio::runtime::Handle;
use url::Url;

use crate::telemetry::TelemetryError;

/// How long one batch may take to send.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A provider that sends spans in batches to `<endpoint>/v1/traces`, from a thread of its own.
pub(super) fn provider(endpoint: &Url, process: &str) -> Result<SdkTracerProvider, TelemetryError> {
    let address = format!("{}/v1/traces", endpoint.as_str().trim_end_matches('/'));
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(address)
        .with_timeout(TIMEOUT)
        .build()
        .map_err(|error| TelemetryError::Exporter(error.to_string()))?;
    let runtime = Handle::try_current().map_err(|_| TelemetryError::NoRuntime)?;
    let resource = Resource::builder()
        .with_service_name(format!("millrace-{process}"))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    Ok(SdkTracerProvider::builder()
        .with_batch_exporter(OnRuntime { exporter, runtime })
        .with_resource(resource)
        .build())
}

/// The batches are sent from a plain thread, but the HTTP client needs the runtime's timers and sockets.
struct OnRuntime<E> {
    exporter: E,
    runtime: Handle,
}

impl<E: SpanExporter> SpanExporter for OnRuntime<E> {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let mut export = pin!(self.exporter.export(batch));
        std::future::poll_fn(|context| {
            let _entered = self.runtime.enter();
            export.as_mut().poll(context)
        })
        .await
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.exporter.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.exporter.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.exporter.set_resource(resource);
    }
}

impl<E: fmt::Debug> fmt::Debug for OnRuntime<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.exporter.fmt(f)
    }
}

#[cfg(test)]
mod tests;
