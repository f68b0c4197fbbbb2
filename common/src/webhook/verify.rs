//! Checking a signature, as a receiver does. Millrace itself uses it in its demo and tests.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use hmac::Mac as _;
use zeroize::Zeroizing;

use super::signature::{PUBLIC_KEY_PREFIX, decode_secret, mac, signed_bytes};
use crate::clock::Timestamp;

/// How far the time of an attempt may lie from the receiver's, both ways.
pub const TOLERANCE: Duration = Duration::from_mins(5);

/// Why a request is not to be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The secret or public key is not in its text form.
    #[error("the key is not a whsec_ secret or a whpk_ public key")]
    BadKey,
    /// The timestamp is not a number of seconds.
    #[error("the timestamp is not a number")]
    BadTimestamp,
    /// The attempt is older or newer than [`TOLERANCE`] allows: perhaps a replay.
    #[error("the timestamp is too far from the present")]
    OutOfTime,
    /// No signature fits the key.
    #[error("no signature fits")]
    NoMatch,
}

/// Checks signatures with one key.
pub struct Verifier(Key);

enum Key {
    Secret(Zeroizing<Vec<u8>>),
    Public(VerifyingKey),
}

impl Verifier {
    /// Checks with a `whsec_` secret (`v1`) or a `whpk_` public key (`v1a`).
    pub fn new(key: &str) -> Result<Self, SignatureError> {
        let Some(public) = key.strip_prefix(PUBLIC_KEY_PREFIX) else {
            let secret = decode_secret(key).ok_or(SignatureError::BadKey)?;
            return Ok(Self(Key::Secret(Zeroizing::new(secret))));
        };
        let bytes = STANDARD.decode(public).map_err(|_| SignatureError::BadKey)?;
        let bytes: [u8; 32] = bytes.try_into().map_err(|_| SignatureError::BadKey)?;
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| SignatureError::BadKey)?;
        Ok(Self(Key::Public(key)))
    }

    /// Checks a request by the values of its three headers and its exact body. One fitting signature is enough.
    pub fn verify(
        &self,
        id: &str,
        timestamp: &str,
        signatures: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), SignatureError> {
        let timestamp: i64 = timestamp.parse().map_err(|_| SignatureError::BadTimestamp)?;
        if timestamp.abs_diff(now.as_secs()) > TOLERANCE.as_secs() {
            return Err(SignatureError::OutOfTime);
        }
        let signed = signed_bytes(id, timestamp, body);
        signatures
            .split(' ')
            .filter_map(|one| one.split_once(','))
            .any(|(tag, signature)| self.fits(tag, signature, &signed))
            .then_some(())
            .ok_or(SignatureError::NoMatch)
    }

    fn fits(&self, tag: &str, signature: &str, signed: &[u8]) -> bool {
        let Ok(signature) = STANDARD.decode(signature) else { return false };
        match (&self.0, tag) {
            // Constant time, so that a receiver that borrows this code is safe too.
            (Key::Secret(secret), "v1") => mac(secret, signed).verify_slice(&signature).is_ok(),
            (Key::Public(key), "v1a") => Signature::from_slice(&signature)
                .is_ok_and(|signature| key.verify_strict(signed, &signature).is_ok()),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::webhook::{SigningKeys, encode_secret, public_key};

    const BODY: &[u8] = b"{\"type\":\"job.succeeded\"}";

    fn now() -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000)
    }

    fn check(key: &str, timestamp: i64, body: &[u8]) -> Result<(), SignatureError> {
        let keys = SigningKeys::new(vec![vec![1; 32], vec![2; 32]], &[3; 32]);
        let header = keys.sign("ev", timestamp, BODY);
        Verifier::new(key)?.verify("ev", &timestamp.to_string(), &header, body, now())
    }

    #[test]
    fn any_live_secret_and_the_public_key_fit() {
        let seconds = now().as_secs();
        for key in [encode_secret(&[1; 32]), encode_secret(&[2; 32]), public_key(&[3; 32])] {
            assert_eq!(check(&key, seconds, BODY), Ok(()));
        }
    }

    #[test]
    fn another_key_or_body_does_not_fit() {
        let seconds = now().as_secs();
        for key in [encode_secret(&[9; 32]), public_key(&[9; 32])] {
            assert_eq!(check(&key, seconds, BODY), Err(SignatureError::NoMatch));
        }
        let changed = check(&public_key(&[3; 32]), seconds, b"{}");
        assert_eq!(changed, Err(SignatureError::NoMatch));
        assert_eq!(check("whpk_short", seconds, BODY), Err(SignatureError::BadKey));
    }

    #[test]
    fn an_old_or_future_request_is_refused() {
        let key = encode_secret(&[1; 32]);
        let seconds = now().as_secs();
        assert_eq!(check(&key, seconds - 300, BODY), Ok(()));
        assert_eq!(check(&key, seconds - 301, BODY), Err(SignatureError::OutOfTime));
        assert_eq!(check(&key, seconds + 301, BODY), Err(SignatureError::OutOfTime));
    }

    proptest! {
        /// What we sign fits every live key, and nothing else does: not another id, body, time or key.
        #[test]
        fn a_signature_covers_id_time_and_body(
            id in "[!-~]{1,40}",
            seconds in 0_i64..4_000_000_000,
            body in proptest::collection::vec(any::<u8>(), 0..200),
            secrets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 24..=64), 1..3),
            seed in any::<[u8; 32]>(),
            flip in any::<proptest::sample::Index>(),
        ) {
            let now = Timestamp::from_micros(seconds * 1_000_000);
            let header = SigningKeys::new(secrets.clone(), &seed).sign(&id, seconds, &body);
            let keys = secrets.iter().map(|secret| encode_secret(secret)).chain([public_key(&seed)]);
            for key in keys {
                let verifier = Verifier::new(&key).unwrap();
                let check = |id: &str, time: &str, body: &[u8]| verifier.verify(id, time, &header, body, now);
                let time = seconds.to_string();
                prop_assert_eq!(check(&id, &time, &body), Ok(()));
                let (other_id, later) = (format!("{id}x"), (seconds + 1).to_string());
                prop_assert!(check(&other_id, &time, &body).is_err());
                prop_assert!(check(&id, &later, &body).is_err());
                let mut other = body.clone();
                if other.is_empty() {
                    other.push(0);
                } else {
                    let at = flip.index(other.len());
                    other[at] ^= 1;
                }
                prop_assert!(check(&id, &time, &other).is_err());
            }
        }
    }
}
