//! Sealed values: encrypted, and bound to the place where they are kept, so that one can not be moved to another.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};

use super::Keyring;
use super::keyring::Key;

/// Bytes of a nonce; XChaCha20 has room for random ones.
const NONCE: usize = 24;

impl Keyring {
    /// Encrypts `plain` for `context`, the name of the place where it is kept (XChaCha20-Poly1305, text in base64url).
    pub fn seal(&self, context: &str, plain: &[u8]) -> String {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let sealed = cipher(&self.current().seal)
            .encrypt(&XNonce::from(nonce), payload)
            .expect("what fits in memory is below the cipher's limit of 256 GiB");
        URL_SAFE_NO_PAD.encode([nonce.as_slice(), sealed.as_slice()].concat())
    }

    /// What was sealed for `context` by any of our keys; `None` when it was not, or was changed.
    pub fn open(&self, context: &str, sealed: &str) -> Option<Vec<u8>> {
        let bytes = URL_SAFE_NO_PAD.decode(sealed).ok()?;
        let (nonce, sealed) = bytes.split_first_chunk::<NONCE>()?;
        let nonce = XNonce::from(*nonce);
        self.all().iter().find_map(|master| {
            let payload = Payload { msg: sealed, aad: context.as_bytes() };
            cipher(&master.seal).decrypt(&nonce, payload).ok()
        })
    }
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new_from_slice(key.as_slice()).expect("a derived key has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sealed_value_opens_only_in_its_place() {
        let ring = Keyring::new(&Keyring::generate_master_key(), &[]).unwrap();
        let sealed = ring.seal("endpoints.acme.1", b"whsec");
        assert_eq!(ring.open("endpoints.acme.1", &sealed).as_deref(), Some(&b"whsec"[..]));
        assert_eq!(ring.open("endpoints.evil.1", &sealed), None);
        assert_ne!(ring.seal("endpoints.acme.1", b"whsec"), sealed);
        assert!(!sealed.contains("whsec"));
    }

    #[test]
    fn a_changed_value_does_not_open() {
        let ring = Keyring::new(&Keyring::generate_master_key(), &[]).unwrap();
        let mut sealed = ring.seal("a", b"value").into_bytes();
        sealed[40] = if sealed[40] == b'A' { b'B' } else { b'A' };
        assert_eq!(ring.open("a", std::str::from_utf8(&sealed).unwrap()), None);
        for broken in ["", "AAAA", "%%%"] {
            assert_eq!(ring.open("a", broken), None);
        }
    }

    #[test]
    fn an_earlier_key_still_opens() {
        let (old, new) = (Keyring::generate_master_key(), Keyring::generate_master_key());
        let sealed = Keyring::new(&old, &[]).unwrap().seal("a", b"value");
        let changed = Keyring::new(&new, &[old]).unwrap();
        assert_eq!(changed.open("a", &sealed).as_deref(), Some(&b"value"[..]));
        assert_eq!(Keyring::new(&new, &[]).unwrap().open("a", &sealed), None);
    }
}
