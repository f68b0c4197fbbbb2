//! The master keys and what is derived from them.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::secret::Secret;

/// Bytes of a master key and of every derived key.
const KEY_BYTES: usize = 32;

/// A derived key.
pub(super) type Key = Zeroizing<[u8; KEY_BYTES]>;

/// The keys of one installation.
pub struct Keyring {
    /// The current master key first.
    masters: Vec<Master>,
}

/// What is derived from one master key. The keys that every request may need are derived once.
pub(super) struct Master {
    derive: Hkdf<Sha256>,
    pub(super) file: Key,
    pub(super) seal: Key,
}

/// A master key can not be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is not a master key: 32 random bytes in base64, as `openssl rand -base64 32` makes them")]
pub struct KeyringError;

impl Keyring {
    /// Keys from the current master key and from earlier ones, each 32 bytes in base64.
    pub fn new(current: &Secret, previous: &[Secret]) -> Result<Self, KeyringError> {
        let masters = std::iter::once(current).chain(previous).map(Master::new);
        Ok(Self { masters: masters.collect::<Result<_, _>>()? })
    }

    /// A new random master key.
    pub fn generate_master_key() -> Secret {
        let bytes = Zeroizing::new(rand::random::<[u8; KEY_BYTES]>());
        Secret::new(STANDARD.encode(bytes.as_slice()))
    }

    /// The key that signs and seals.
    pub(super) fn current(&self) -> &Master {
        // `new` takes the current key and puts it first.
        &self.masters[0]
    }

    /// All keys, the current first: those that verify and open.
    pub(super) fn all(&self) -> &[Master] {
        &self.masters
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("keys", &self.masters.len()).finish()
    }
}

impl Master {
    fn new(secret: &Secret) -> Result<Self, KeyringError> {
        let bytes = STANDARD.decode(secret.expose().trim()).map(Zeroizing::new);
        let bytes = bytes.ok().filter(|bytes| bytes.len() == KEY_BYTES).ok_or(KeyringError)?;
        let derive = Hkdf::<Sha256>::new(None, &bytes);
        let (file, seal) = (expand(&derive, "file", ""), expand(&derive, "seal", ""));
        Ok(Self { derive, file, seal })
    }

    /// The key for `purpose`, for one `owner` of it. Purposes are words of ours, without a zero byte.
    pub(super) fn derive(&self, purpose: &str, owner: &str) -> Key {
        expand(&self.derive, purpose, owner)
    }
}

fn expand(derive: &Hkdf<Sha256>, purpose: &str, owner: &str) -> Key {
    let mut key = Zeroizing::new([0; KEY_BYTES]);
    let info = ["millrace/1/", purpose, "\0", owner].map(str::as_bytes);
    derive
        .expand_multi_info(&info, key.as_mut_slice())
        .expect("HKDF-SHA256 gives up to 255 times 32 bytes");
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_master_key_has_32_bytes() {
        for wrong in ["", "short", "bm90IDMyIGJ5dGVz", "not base64 at all, but long enough......"] {
            assert_eq!(Keyring::new(&wrong.into(), &[]).err(), Some(KeyringError), "{wrong:?}");
        }
        let good = Keyring::generate_master_key();
        assert!(Keyring::new(&good, &[]).is_ok());
        assert!(Keyring::new(&good, &["".into()]).is_err());
    }

    #[test]
    fn every_use_and_every_owner_has_its_own_key() {
        let master = Master::new(&Keyring::generate_master_key()).unwrap();
        let keys = [
            master.derive("a", "x"),
            master.derive("a", "y"),
            master.derive("ax", ""),
            master.derive("b", "x"),
        ];
        for (index, key) in keys.iter().enumerate() {
            assert!(keys[..index].iter().all(|other| other != key));
        }
        assert_eq!(master.derive("a", "x"), keys[0]);
    }

    #[test]
    fn derivation_never_changes() {
        // Sealed values and signed addresses outlive a release. Computed with Python's hmac by RFC 5869.
        let master = Master::new(&STANDARD.encode([7; 32]).into()).unwrap();
        let text = STANDARD.encode(master.derive("webhook", "acme").as_slice());
        assert_eq!(text, "na2dvyHARAPzJcER/mvy14KYCod9BsdkLQJuquXB1Oo=");
    }

    #[test]
    fn it_does_not_print_its_keys() {
        let key = Keyring::generate_master_key();
        let ring = Keyring::new(&key, std::slice::from_ref(&key)).unwrap();
        assert_eq!(format!("{ring:?}"), "Keyring { keys: 2 }");
    }
}
