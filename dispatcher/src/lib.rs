//! The dispatcher delivers webhooks: it signs, posts, tries again by schedule, and keeps a log of every attempt.
//!
//! It owns nothing. What is due lies in WEBHOOKS, what waits in DELAYS, what happened in DELIVERIES; kill it at any
//! moment and another goes on, at worst repeating a POST under the same `webhook-id`. The modules stand in the order
//! of the flow.

mod app;
mod pull;
mod work;

mod keepalive;
mod look;
mod target;

mod breaker;
mod lane;

mod deliver;
mod guard;
mod sign;

#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod judge;
mod retry_after;
mod schedule;

mod report;
mod settle;

mod metrics;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use app::App;
