//! Signing by Standard Webhooks 1.0: `v1` is HMAC-SHA256 with a secret that the receiver shares, `v1a` is Ed25519
//! with a key of which the receiver knows the public half. What is signed is `<id>.<timestamp>.<body>`.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Carries the event's id, the same on every attempt.
pub const ID_HEADER: &str = "webhook-id";
/// Carries the time of the attempt, in seconds since the Unix epoch.
pub const TIMESTAMP_HEADER: &str = "webhook-timestamp";
/// Carries the signatures, separated by spaces.
pub const SIGNATURE_HEADER: &str = "webhook-signature";

/// Begins a symmetric secret in its text form.
const SECRET_PREFIX: &str = "whsec_";
/// Begins a public key in its text form.
pub(super) const PUBLIC_KEY_PREFIX: &str = "whpk_";
/// How many bytes a symmetric secret may have.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// A new symmetric secret of 32 random bytes.
pub fn generate_secret() -> [u8; 32] {
    rand::random()
}

/// A symmetric secret as the receiver's library takes it: `whsec_` and base64. The text is as secret as the bytes.
pub fn encode_secret(secret: &[u8]) -> String {
    format!("{SECRET_PREFIX}{}", STANDARD.encode(secret))
}

/// The bytes of a symmetric secret from its text form, or `None` when it is not base64 of 24 to 64 bytes. The
/// prefix may be missing, as the reference libraries allow.
pub fn decode_secret(text: &str) -> Option<Vec<u8>> {
    let bytes = STANDARD.decode(text.strip_prefix(SECRET_PREFIX).unwrap_or(text)).ok()?;
    SECRET_BYTES.contains(&bytes.len()).then_some(bytes)
}

/// The public key that belongs to an Ed25519 seed: `whpk_` and base64.
pub fn public_key(seed: &[u8; 32]) -> String {
    let key = SigningKey::from_bytes(seed).verifying_key();
    format!("{PUBLIC_KEY_PREFIX}{}", STANDARD.encode(key.as_bytes()))
}

/// The keys that sign one attempt.
pub struct SigningKeys {
    secrets: Vec<Zeroizing<Vec<u8>>>,
    ed25519: SigningKey,
}

impl SigningKeys {
    /// Every live symmetric secret, the current one first, and the seed of the Ed25519 key.
    pub fn new(secrets: Vec<Vec<u8>>, ed25519_seed: &[u8; 32]) -> Self {
        Self {
            secrets: secrets.into_iter().map(Zeroizing::new).collect(),
            ed25519: SigningKey::from_bytes(ed25519_seed),
        }
    }

    /// The value of the signature header: one `v1` per secret in their order, then one `v1a`. `timestamp` is in
    /// seconds since the Unix epoch.
    pub fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> String {
        let signed = signed_bytes(id, timestamp, body);
        let mut signatures: Vec<String> = self
            .secrets
            .iter()
            .map(|secret| {
                format!("v1,{}", STANDARD.encode(mac(secret, &signed).finalize().into_bytes()))
            })
            .collect();
        let signature = self.ed25519.sign(&signed);
        signatures.push(format!("v1a,{}", STANDARD.encode(signature.to_bytes())));
        signatures.join(" ")
    }
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKeys").field("secrets", &self.secrets.len()).finish_non_exhaustive()
    }
}

/// The bytes that a signature covers.
pub(super) fn signed_bytes(id: &str, timestamp: i64, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{id}.{timestamp}.").into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// The MAC of `signed` under `secret`, not yet finished.
pub(super) fn mac(secret: &[u8], signed: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret)
        .expect("HMAC hashes a key that is longer than its block and pads a shorter one");
    mac.update(signed);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vector_of_the_specification_is_met() {
        // From the libraries' own tests: standard-webhooks/standard-webhooks, "test sign function".
        let secret = decode_secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let keys = SigningKeys::new(vec![secret], &[1; 32]);
        let header =
            keys.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        let symmetric = header.split(' ').next();
        assert_eq!(symmetric, Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    #[test]
    fn the_ed25519_vector_of_the_rfc_is_met() {
        // RFC 8032, section 7.1, test 1: only the key pair, since the signed bytes have our form.
        let seed: [u8; 32] = [
            0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec,
            0x2c, 0xc4, 0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03,
            0x1c, 0xae, 0x7f, 0x60,
        ];
        assert_eq!(public_key(&seed), "whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    }

    #[test]
    fn every_live_secret_signs() {
        let keys = SigningKeys::new(vec![vec![1; 32], vec![2; 32]], &[3; 32]);
        let header = keys.sign("id", 1, b"body");
        let tags: Vec<_> = header.split(' ').filter_map(|one| one.split(',').next()).collect();
        assert_eq!(tags, ["v1", "v1", "v1a"]);
    }

    #[test]
    fn secrets_survive_their_text_form_and_short_ones_are_refused() {
        let secret = generate_secret();
        let text = encode_secret(&secret);
        assert!(text.starts_with("whsec_"));
        assert_eq!(decode_secret(&text).as_deref(), Some(&secret[..]));
        assert_eq!(decode_secret(&encode_secret(&[0; 23])), None);
        assert_eq!(decode_secret("whsec_not base64"), None);
    }

    #[test]
    fn keys_do_not_print_themselves() {
        let keys = SigningKeys::new(vec![vec![65; 32]], &[66; 32]);
        assert_eq!(format!("{keys:?}"), "SigningKeys { secrets: 1, .. }");
    }
}
