//! Signed addresses of files: whoever has one may read the file until it expires.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Keyring;
use super::keyring::Key;
use crate::clock::Timestamp;

impl Keyring {
    /// The signature of an address that gives the object `key` until `expires`: base64url, fit for a query.
    pub fn sign_file(&self, key: &str, expires: Timestamp) -> String {
        let mac = file_mac(&self.current().file, key, expires);
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    }

    /// Whether the signature is ours, by any of our keys, decided in constant time. The caller compares `expires`
    /// with the clock.
    pub fn verify_file(&self, key: &str, expires: Timestamp, signature: &str) -> bool {
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else { return false };
        self.all()
            .iter()
            .any(|master| file_mac(&master.file, key, expires).verify_slice(&signature).is_ok())
    }
}

/// Seconds are signed, because seconds stand in the address. The number comes first and ends with a byte that no
/// number has, so that no two addresses sign the same bytes.
fn file_mac(signing: &Key, key: &str, expires: Timestamp) -> Hmac<Sha256> {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(signing.as_slice()).expect("HMAC takes a key of any length");
    mac.update(expires.as_secs().to_string().as_bytes());
    mac.update(b"\0");
    mac.update(key.as_bytes());
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "jobs/1/2/output.mp4";

    #[test]
    fn only_the_signed_address_is_good() {
        let ring = Keyring::new(&Keyring::generate_master_key(), &[]).unwrap();
        let expires = Timestamp::from_micros(1_800_000_000_000_000);
        let signature = ring.sign_file(KEY, expires);
        assert!(ring.verify_file(KEY, expires, &signature));
        assert!(!ring.verify_file("jobs/1/2/other.mp4", expires, &signature));
        assert!(!ring.verify_file(KEY, Timestamp::from_micros(1_900_000_000_000_000), &signature));
        for forged in ["", "AAAA", "not base64!", &signature[1..]] {
            assert!(!ring.verify_file(KEY, expires, forged), "{forged}");
        }
    }

    #[test]
    fn an_earlier_key_still_verifies() {
        let (old, new) = (Keyring::generate_master_key(), Keyring::generate_master_key());
        let expires = Timestamp::from_micros(1_800_000_000_000_000);
        let signature = Keyring::new(&old, &[]).unwrap().sign_file(KEY, expires);
        let changed = Keyring::new(&new, &[old]).unwrap();
        assert!(changed.verify_file(KEY, expires, &signature));
        assert_ne!(changed.sign_file(KEY, expires), signature);
        assert!(!Keyring::new(&new, &[]).unwrap().verify_file(KEY, expires, &signature));
    }
}
