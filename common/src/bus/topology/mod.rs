//! Streams, buckets and consumers: made from the files in `nats/`, compared with what is there.
//!
//! Made at start, after every reconnect and whenever a stream is not found: a memory stream is gone after a restart
//! of its server. The consumers of a model are made when it is first asked for.

mod keep;
mod ensure;
mod models;
mod inspect;
mod make;
mod compare;
mod fixed;
mod files;

pub use ensure::PRESENCE_TTL;
pub use fixed::FixedConsumer;
