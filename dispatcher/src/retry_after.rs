//! The `Retry-After` header of an answer.

use std::time::Duration;

use common::clock::Timestamp;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// How long the receiver asks us to wait: whole seconds or an HTTP date. `None` when it is neither.
pub(crate) fn parse(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    // An HTTP date is an RFC 2822 date whose zone is always GMT.
    let at = OffsetDateTime::parse(text, &Rfc2822).ok()?;
    Some(Timestamp::from(at).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_dates_are_read() {
        let now = Timestamp::parse("2026-11-21T09:00:00Z").unwrap();
        assert_eq!(parse("120", now), Some(Duration::from_mins(2)));
        let date = "Sat, 21 Nov 2026 09:01:00 GMT";
        assert_eq!(parse(date, now), Some(Duration::from_mins(1)));
        assert_eq!(parse("Sat, 21 Nov 2026 08:00:00 GMT", now), Some(Duration::ZERO));
        for nonsense in ["", "-1", "1.5", "soon", "2026-11-21"] {
            assert_eq!(parse(nonsense, now), None, "{nonsense}");
        }
    }
}
