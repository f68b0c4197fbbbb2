//! The keeper: what must happen after a job was accepted, whoever died meanwhile.
//!
//! Each duty is a small service of its own. All of them may run in several keepers at once: every step is either a
//! compare-and-swap, or a publish under one message id, or changes nothing when it is repeated.
//!
//! | duty | from | to | needs SQL |
//! |---|---|---|---|
//! | `record` | JOB_EVENTS, DELIVERIES | the records | yes |
//! | `pump` | DELAYS, what is due | JOBS, WEBHOOKS | no |
//! | `outbox` | JOB_EVENTS, terminal | WEBHOOKS | no |
//! | `repair` | jobs without a message; queues without consumers or sentinel | JOBS, DELAYS | partly |
//! | `expire` | jobs past their deadline | JOB_EVENTS | yes |
//! | `cancel` | canceled jobs whose worker vanished | JOB_EVENTS | yes |
//! | `clean` | what is over its retention | nothing | partly |

mod app;
mod context;
mod duty;
mod metrics;
mod source;
mod trouble;

mod record;

mod pump;

mod outbox;

mod repair;

mod expire;

mod cancel;

mod clean;

#[cfg(test)]
mod testing;

pub use app::App;
