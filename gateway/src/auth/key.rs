//! A key: 256 random bits for the caller, and what is kept of it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::clock::Timestamp;
use common::job::Tenant;
use common::secret::Secret;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

/// Begins every key.
const PREFIX: &str = "mr_";
/// What the entries of all keys in the live configuration begin with.
pub(crate) const ENTRIES: &str = "keys.";

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Role {
    /// Works with its tenant's jobs, files and webhooks.
    User,
    /// Also manages keys and sees workers and queues.
    Admin,
}

/// What is kept of a key, under the hash of its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct ApiKey {
    /// Names the key in lists and logs.
    pub id: String,
    /// Whose jobs it sees.
    pub tenant: Tenant,
    /// What it may do.
    pub role: Role,
    /// The owner's own words.
    #[serde(default)]
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Since when it is refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
}

/// A new key, to be shown to its owner once.
pub(crate) fn generate_key() -> Secret {
    let bits: [u8; 32] = rand::random();
    Secret::new(format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bits)))
}

/// The entry of a key in the live configuration. 256 random bits need no salt.
pub(crate) fn key_entry(key: &str) -> String {
    let hash = Sha256::digest(key.as_bytes());
    hash.iter().fold(ENTRIES.to_owned(), |mut entry, byte| {
        use std::fmt::Write as _;
        let _ = write!(entry, "{byte:02x}");
        entry
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_its_prefix_and_256_bits() {
        let key = generate_key();
        let bits = key.expose().strip_prefix("mr_").unwrap();
        assert_eq!(URL_SAFE_NO_PAD.decode(bits).unwrap().len(), 32);
        assert_ne!(generate_key().expose(), key.expose());
    }

    #[test]
    fn the_entry_is_the_hash_of_the_whole_key() {
        let empty = "keys.e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(key_entry(""), empty);
    }
}
