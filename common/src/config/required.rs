//! What each role can not start without.

use super::error::{ConfigError, Place};
use super::section::Mistakes;
use super::values::Values;

/// Keys of a gateway.
pub const GATEWAY: &[&str] = &["nats.url", "objects.url", "records.url", "security.master_key"];
/// Keys of a worker.
pub const WORKER: &[&str] = &["nats.url", "objects.url"];
/// Keys of a dispatcher.
pub const DISPATCHER: &[&str] = &["nats.url", "security.master_key"];
/// Keys of a keeper.
pub const KEEPER: &[&str] = &["nats.url", "objects.url", "records.url", "security.master_key"];

/// Notes those of `keys` that have no value, by a layer or by default.
pub(super) fn check(keys: &[&str], values: &Values, mistakes: &Mistakes) {
    for key in keys {
        if values.text(key).is_empty() {
            let variable = format!("MILLRACE_{}", key.to_ascii_uppercase().replace('.', "__"));
            mistakes.borrow_mut().push(ConfigError {
                place: Place::Default,
                key: (*key).to_owned(),
                problem: format!("is not set; set it in the file or as {variable}"),
            });
        }
    }
}
