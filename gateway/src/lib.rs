//! The gateway: takes calls over HTTP, authenticates and validates them, puts them on the bus, and answers.
//!
//! It owns no state: any number of gateways behind any load balancer are one. The modules stand in the order in
//! which a request meets them.

mod app;
mod state;

mod serve;
mod middleware;
mod router;

mod auth;
mod api;
mod openai;
mod style;
mod inputs;

mod submit;
mod idempotency;
mod catalog;
mod wait;
mod jobs;
mod answer;
mod sse;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;

mod files;
mod webhooks;
mod admin;
mod ops;

#[cfg(test)]
mod fake_worker;
#[cfg(test)]
mod testing;

pub use app::App;
pub use auth::bootstrap::Error as AdminKeyError;
pub use ops::{check_records, serve_health};
