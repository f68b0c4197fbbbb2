//! The id of a request: the caller's, when it is sane, else a new one. It is in the answer and in every log line.

use std::sync::Arc;

use common::clock::Clock;
use http::{HeaderMap, HeaderValue};

/// Carries the id, in requests and answers.
pub(crate) const HEADER: &str = "x-request-id";
const MAX_LENGTH: usize = 128;

/// The id of a request; in the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId(Arc<str>);

impl RequestId {
    /// The caller's id when it is 1 to 128 of `A-Z a-z 0-9 . _ -`, else a new one.
    pub(crate) fn of(headers: &HeaderMap, clock: &dyn Clock) -> Self {
        let given =
            headers.get(HEADER).and_then(|value| value.to_str().ok()).filter(|id| is_sane(id));
        given.map_or_else(
            || Self(Arc::from(clock.new_uuid().simple().to_string())),
            |id| Self(Arc::from(id)),
        )
    }

    /// The id as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as header value.
    pub(crate) fn header_value(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static("-"))
    }
}

fn is_sane(id: &str) -> bool {
    (1..=MAX_LENGTH).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

#[cfg(test)]
mod tests {
    use common::clock::{ManualClock, Timestamp};

    use super::*;

    #[test]
    fn only_a_sane_id_is_taken_over() {
        let clock = ManualClock::new(Timestamp::from_micros(1_700_000_000_000_000));
        let id = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(HEADER, HeaderValue::from_static(text));
            RequestId::of(&headers, &clock).as_str().to_owned()
        };
        assert_eq!(id("req-1.A_b"), "req-1.A_b");
        assert_eq!(id("two words").len(), 32);
        assert_eq!(id("").len(), 32);
        assert_ne!(id("{}"), id("{}"));
    }
}
