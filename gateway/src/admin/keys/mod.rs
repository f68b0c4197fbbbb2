//! API keys: make, list, revoke.

mod create;
mod list;
mod revoke;

pub(crate) use create::{__path_create_key, create_key};
pub(crate) use list::{__path_list_keys, list_keys};
pub(crate) use revoke::{__path_revoke_key, revoke_key};
