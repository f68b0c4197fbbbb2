//! What a process tells about itself: logs, traces, metrics.

mod context;
mod crypto;
mod export;
mod init;
mod metrics;

pub use context::{set_parent, traceparent};
pub use crypto::install_crypto;
pub use init::{TelemetryError, TelemetryGuard, init};
pub use metrics::Metrics;
