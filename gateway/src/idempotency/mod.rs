//! Idempotency keys: the same key with the same request is the same job, for at least a day.
//!
//! There is no table of keys. The id of the job is derived from the tenant, the key and the day, so the job's own
//! event is the record: whoever creates it first wins. A request looks at today's and yesterday's id, so a key is
//! remembered for one to two days; and shortly before midnight UTC at tomorrow's, since the clock of another gateway
//! may be ahead. Two first requests with the same key at the very moment of midnight may find different days; nothing
//! else lets a key through twice.

mod find;
mod fingerprint;
mod key;
mod republish;

pub(crate) use find::{Found, find, was_refused};
pub(crate) use fingerprint::Fingerprint;
pub(crate) use key::Idempotency;
pub(crate) use republish::{may_lack_message, republish};
