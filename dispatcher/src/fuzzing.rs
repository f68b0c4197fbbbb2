//! What reads the input of strangers, called with any bytes; a broken promise is a panic. The crate `fuzz` calls this.

use common::clock::Timestamp;

use crate::retry_after;

/// When a receiver wants to be asked again: the time that follows is one that can be written.
pub fn retry_after(data: &[u8]) {
    let now = Timestamp::from_micros(1_800_000_000_000_000);
    if let Some(delay) = retry_after::parse(&String::from_utf8_lossy(data), now) {
        let at = now.plus(delay);
        assert!(at >= now);
        assert_eq!(Timestamp::parse(&at.to_string()).expect("it was written here"), at);
    }
}
