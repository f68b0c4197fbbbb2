//! Who calls: keys, and what a key may do.

pub(crate) mod bootstrap;
mod caller;
mod key;

pub(crate) use bootstrap::new_key_id;
#[cfg(feature = "fuzzing")]
pub(crate) use caller::presented_key;
pub(crate) use caller::{Admin, Caller, CallerTag};
pub(crate) use key::ENTRIES as KEY_ENTRIES;
pub(crate) use key::{ApiKey, Role, generate_key, key_entry};
