//! Addresses of objects that work without a key for a time. The gateway serves them; it and the keeper write them.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use super::Keyring;
use crate::clock::Timestamp;

/// How many different ends the addresses of one lifetime have: an address is the same for a while, so that caches
/// know it again.
const STEPS: i64 = 24;

/// Makes signed addresses. Cheap to clone.
#[derive(Clone, Debug)]
pub struct FileLinks {
    keyring: Arc<Keyring>,
    base: String,
    lifetime: Duration,
}

impl FileLinks {
    /// Addresses below `public_url`, or relative to the gateway when that is empty, good for at least `lifetime`.
    pub fn new(keyring: Arc<Keyring>, public_url: &str, lifetime: Duration) -> Self {
        Self { keyring, base: public_url.trim_end_matches('/').to_owned(), lifetime }
    }

    /// The address of an object.
    pub fn url(&self, key: &str, now: Timestamp) -> String {
        let lifetime = i64::try_from(self.lifetime.as_secs()).unwrap_or(i64::MAX / 4_000_000);
        let step = (lifetime / STEPS).max(1);
        let end = now.as_secs().saturating_add(lifetime);
        let expires = (end.div_euclid(step) + 1).saturating_mul(step);
        let signature =
            self.keyring.sign_file(key, Timestamp::from_micros(expires.saturating_mul(1_000_000)));
        let path = escape(key);
        format!("{}/v1/artifacts/{path}?expires={expires}&signature={signature}", self.base)
    }
}

/// Keeps what stands for itself in the path of a URL; slashes stay slashes.
fn escape(key: &str) -> String {
    let mut path = String::with_capacity(key.len());
    for byte in key.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            path.push(char::from(byte));
        } else {
            let _ = write!(path, "%{byte:02X}");
        }
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn links(base: &str) -> FileLinks {
        let keyring = Keyring::new(&Keyring::generate_master_key(), &[]).unwrap();
        FileLinks::new(Arc::new(keyring), base, Duration::from_hours(24))
    }

    #[test]
    fn an_address_is_signed_and_stays_the_same_for_a_while() {
        let links = links("https://mr.example/");
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let url = links.url("jobs/a/b/ü.png", now);
        assert!(url.starts_with("https://mr.example/v1/artifacts/jobs/a/b/%C3%BC.png?expires="));
        assert_eq!(url, links.url("jobs/a/b/ü.png", now.plus(Duration::from_mins(1))));

        let (_, query) = url.split_once("?expires=").unwrap();
        let (expires, signature) = query.split_once("&signature=").unwrap();
        let expires = Timestamp::from_micros(expires.parse::<i64>().unwrap() * 1_000_000);
        assert!(expires >= now.plus(Duration::from_hours(24)));
        assert!(expires <= now.plus(Duration::from_hours(26)));
        assert!(links.keyring.verify_file("jobs/a/b/ü.png", expires, signature));
        assert!(!links.keyring.verify_file("jobs/a/b/u.png", expires, signature));
    }

    #[test]
    fn without_a_public_address_it_is_relative() {
        let url = links("").url("k", Timestamp::from_micros(0));
        assert!(url.starts_with("/v1/artifacts/k?expires="), "{url}");
    }
}
