//! `[security]`

use super::section::{Section, as_text};
use crate::secret::Secret;
use crate::signing::Keyring;

/// Keys for signing and sealing.
#[derive(Clone, Debug)]
pub struct SecurityConfig {
    /// 32 bytes in base64; empty when not set.
    pub master_key: Secret,
    /// Earlier ones, which still verify and open.
    pub previous_master_keys: Vec<Secret>,
}

impl SecurityConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let checked = |secret: Secret| match Keyring::new(&secret, &[]) {
            Ok(_) => Ok(secret),
            Err(error) => Err(as_text(error)),
        };
        let master_key = section.secret("master_key").unwrap_or_default();
        if !master_key.is_empty()
            && let Err(problem) = checked(master_key.clone())
        {
            section.mistake("master_key", problem);
        }
        let previous_master_keys =
            section.list("previous_master_keys", |given| checked(Secret::new(given.text()?)));
        if master_key.is_empty() && !previous_master_keys.is_empty() {
            section.mistake("previous_master_keys", "needs a master_key");
        }
        Self { master_key, previous_master_keys }
    }
}
