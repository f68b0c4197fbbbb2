//! The worker: pulls what it is able to run, runs it, and reports. Modules in the order of the flow.

mod app;
mod worker;
mod presence;
mod pull;
mod job;
mod call;
mod poison;
mod own;
mod keepalive;
mod running;
mod cancel;
mod run;
pub mod engine;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod reply;
mod store_result;
mod report;
mod settle;
mod metrics;
#[cfg(test)]
mod tests;

pub use app::App;
pub use reply::{ReplyError, ReplySink};
