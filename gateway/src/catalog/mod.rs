//! The models: which are offered now, which have ever been, and how long their queues are.
//!
//! All of it comes from one poller per gateway; no request asks the broker.

mod known;
mod offers;
mod queues;
mod samples;
mod unseen;
mod watch;

pub(crate) use known::ModelEntry;
pub(crate) use offers::Offers;
pub(crate) use queues::Queues;
pub(crate) use watch::{Catalog, UnknownModel};
