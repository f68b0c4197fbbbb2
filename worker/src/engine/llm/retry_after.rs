//! When a provider wants to be asked again.

use std::time::Duration;

use common::clock::Timestamp;
use http::HeaderMap;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// The longest delay that a provider may ask for.
pub(super) const MAX_DELAY: Duration = Duration::from_mins(10);

/// The delay that the headers ask for at `now`, at most [`MAX_DELAY`]: `retry-after-ms`, or `retry-after` in
/// seconds or as an HTTP date. `None` when they ask for none, or in a way that can not be understood.
pub(super) fn delay(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let millis = text("retry-after-ms").and_then(|text| seconds(text, 0.001));
    let delay = millis.or_else(|| {
        let text = text("retry-after")?;
        seconds(text, 1.0).or_else(|| until(text, now))
    })?;
    Some(delay.min(MAX_DELAY))
}

fn seconds(text: &str, unit: f64) -> Option<Duration> {
    let seconds = text.parse::<f64>().ok()? * unit;
    (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(MAX_DELAY.as_secs_f64())))
}

fn until(date: &str, now: Timestamp) -> Option<Duration> {
    let at = OffsetDateTime::parse(date, &Rfc2822).ok()?;
    Some(Timestamp::from(at).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delay_of(name: &'static str, value: &str) -> Option<Duration> {
        let headers =
            HeaderMap::from_iter([(http::HeaderName::from_static(name), value.parse().unwrap())]);
        delay(&headers, Timestamp::parse("2026-10-21T07:28:00Z").unwrap())
    }

    #[test]
    fn all_three_spellings_are_read() {
        assert_eq!(delay_of("retry-after", "20"), Some(Duration::from_secs(20)));
        assert_eq!(delay_of("retry-after", "0.5"), Some(Duration::from_millis(500)));
        assert_eq!(delay_of("retry-after-ms", "1500"), Some(Duration::from_millis(1500)));
        assert_eq!(
            delay_of("retry-after", "Wed, 21 Oct 2026 07:28:30 GMT"),
            Some(Duration::from_secs(30))
        );
    }

    #[test]
    fn a_delay_is_bounded_and_never_negative() {
        assert_eq!(delay_of("retry-after", "86400"), Some(MAX_DELAY));
        assert_eq!(delay_of("retry-after", "1e300"), Some(MAX_DELAY));
        assert_eq!(delay_of("retry-after", "Tue, 20 Oct 2026 07:28:00 GMT"), Some(Duration::ZERO));
        for nonsense in ["-1", "NaN", "soon", ""] {
            assert_eq!(delay_of("retry-after", nonsense), None, "{nonsense}");
        }
    }
}
