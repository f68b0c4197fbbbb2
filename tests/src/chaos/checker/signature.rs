//! Signatures by Standard Webhooks, computed from the specification.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use super::Hook;

/// Whether one of the signatures is the HMAC of `<id>.<timestamp>.<body>` under the secret.
pub(super) fn is_signed(hook: &Hook, secret: &str) -> bool {
    let Some(expected) = sign(hook, secret) else { return false };
    hook.signature.split(' ').any(|one| one == expected)
}

/// The signature that a webhook must bear; `None` when the secret is none.
pub(super) fn sign(hook: &Hook, secret: &str) -> Option<String> {
    let key = STANDARD.decode(secret.trim_start_matches("whsec_")).ok()?;
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{}.{}.", hook.id, hook.timestamp).as_bytes());
    mac.update(&hook.body);
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}
