//! What happens to every request around its handler.

mod cors;
mod panic;
mod request_id;
mod request_log;
mod request_metrics;
mod security_headers;

pub(crate) use cors::{cors, open_cors};
pub(crate) use panic::answer_panic;

#[cfg(feature = "fuzzing")]
pub(crate) use request_id::RequestId;
pub(crate) use request_log::observe;
pub(crate) use request_metrics::RequestMetrics;
pub(crate) use security_headers::{page_security_headers, security_headers};
