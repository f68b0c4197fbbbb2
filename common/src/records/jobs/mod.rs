//! The records of jobs: the last event of each.

mod content;
mod list;
mod open;
mod read;
mod remove;
mod write;

pub use list::JobFilter;
pub use open::OpenJob;
pub use read::JobRecord;

/// A label's value as it is indexed: PostgreSQL refuses index entries above some 2,700 bytes and text with NUL.
fn indexed(value: &str) -> String {
    use base64::Engine as _;
    use sha2::Digest as _;

    const LONGEST: usize = 512;
    if value.len() <= LONGEST && !value.contains('\0') {
        return value.to_owned();
    }
    let hash = sha2::Sha256::digest(value.as_bytes());
    format!("sha256:{}", base64::engine::general_purpose::STANDARD.encode(hash))
}

#[cfg(test)]
mod tests {
    use super::indexed;

    #[test]
    fn long_and_odd_labels_are_indexed_by_their_hash() {
        assert_eq!(indexed("blue"), "blue");
        let long = "x".repeat(513);
        assert_eq!(indexed(&long).len(), 51);
        assert_eq!(indexed(&long), indexed(&long));
        assert_ne!(indexed("a\0"), indexed("b\0"));
    }
}
