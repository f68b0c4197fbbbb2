//! What makes two requests the same.

use sha2::{Digest, Sha256};

/// Takes in a request part by part; each part is told apart from its neighbours by its length.
pub(crate) struct Fingerprint(Sha256);

impl Fingerprint {
    /// Begins with the route: the same body on another route is another request.
    pub(crate) fn of_route(route: &str) -> Self {
        Self(Sha256::new()).with(route.as_bytes())
    }

    /// Adds a part.
    #[must_use]
    pub(crate) fn with(mut self, part: &[u8]) -> Self {
        self.0.update((part.len() as u64).to_be_bytes());
        self.0.update(part);
        self
    }

    /// The fingerprint in hex.
    pub(crate) fn finish(self) -> String {
        use std::fmt::Write as _;
        self.0.finalize().iter().fold(String::with_capacity(64), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn route_and_every_part_count() {
        let print = |route: &str, parts: &[&str]| {
            parts
                .iter()
                .fold(Fingerprint::of_route(route), |print, part| print.with(part.as_bytes()))
                .finish()
        };
        assert_eq!(print("/a", &["x"]), print("/a", &["x"]));
        assert_ne!(print("/a", &["x"]), print("/b", &["x"]));
        assert_ne!(print("/a", &["xy", "z"]), print("/a", &["x", "yz"]));
        assert_eq!(print("/a", &[]).len(), 64);
    }
}
