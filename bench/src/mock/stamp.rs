//! Each token of the mock upstream is the time at which it was sent, by a clock that all processes of the machine
//! share: how long a token was on its way is known without knowing when the stream began.

use nix::time::{ClockId, clock_gettime};

/// Marks a stamp within the text of a token.
const MARK: &str = "@";

/// Now, in nanoseconds since the machine started.
pub(crate) fn now_ns() -> u64 {
    // The monotonic clock of Linux can always be read.
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC);
    now.map_or(0, |now| now.tv_sec() as u64 * 1_000_000_000 + now.tv_nsec() as u64)
}

/// A token that was sent now.
pub(super) fn token() -> String {
    format!("{MARK}{} ", now_ns())
}

/// The stamps in a piece of a stream.
pub(crate) fn stamps(text: &str) -> impl Iterator<Item = u64> + '_ {
    text.split(MARK).skip(1).filter_map(|rest| {
        let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
        rest[..end].parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_are_found_in_any_framing() {
        let text =
            format!("data: {{\"content\":\"{}\"}}\n\ndata: {{\"content\": \"@17 \"}}", token());
        let found: Vec<u64> = stamps(&text).collect();
        assert_eq!(found.len(), 2);
        assert_eq!(found[1], 17);
        assert!(found[0] <= now_ns());
    }
}
