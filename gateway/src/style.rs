//! How a caller wants its answer. Every route reads the same headers, so that every operation has every call style.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::api::ApiError;

/// The header that names the job of an answer.
pub(crate) const JOB_HEADER: HeaderName = HeaderName::from_static("x-millrace-job");
/// The header that marks the answer to a repeated idempotency key.
pub(crate) const REPLAYED_HEADER: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The header with the URL that the job's end is posted to.
const WEBHOOK_HEADER: HeaderName = HeaderName::from_static("x-millrace-webhook");
const IDEMPOTENCY_HEADER: HeaderName = HeaderName::from_static("idempotency-key");
const PREFER: HeaderName = HeaderName::from_static("prefer");
/// The header that tells which preference was followed (RFC 7240).
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");

/// The longest idempotency key.
const MAX_KEY: usize = 255;

/// When the caller wants to be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// With the result, however long it takes (up to the configured limit).
    Sync,
    /// At once, with the job: `Prefer: respond-async`.
    Async,
    /// With the result when it is there in time, else with the job: `Prefer: wait=N`.
    Wait(Duration),
}

/// The call style of one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallStyle {
    /// When to answer.
    pub(crate) mode: Mode,
    /// Where the end of the job is posted, besides.
    pub(crate) webhook: Option<String>,
    /// The caller's key for this request: the same key and body is the same job.
    pub(crate) idempotency_key: Option<String>,
    applied: Option<String>,
}

impl CallStyle {
    /// Reads the headers. `default` is the mode of a route without `Prefer`; a longer wait than `max_wait` is cut
    /// to it, and the answer says so.
    pub(crate) fn read(
        headers: &HeaderMap,
        default: Mode,
        max_wait: Duration,
    ) -> Result<Self, ApiError> {
        let (mode, applied) = prefer(headers, max_wait)?.unwrap_or((default, String::new()));
        Ok(Self {
            mode,
            webhook: text(headers, &WEBHOOK_HEADER)?,
            idempotency_key: idempotency_key(headers)?,
            applied: (!applied.is_empty()).then_some(applied),
        })
    }

    /// The `Preference-Applied` header of the answer, when the caller stated a preference.
    pub(crate) fn preference_applied(&self) -> Option<(HeaderName, HeaderValue)> {
        let value = HeaderValue::from_str(self.applied.as_deref()?).ok()?;
        Some((PREFERENCE_APPLIED, value))
    }
}

/// The preferences that are ours; others are ignored, as RFC 7240 asks. With both `respond-async` and `wait`, the
/// wait comes first.
fn prefer(headers: &HeaderMap, max_wait: Duration) -> Result<Option<(Mode, String)>, ApiError> {
    let mut respond_async = false;
    let mut wait = None;
    for value in headers.get_all(PREFER) {
        let value =
            value.to_str().map_err(|_| ApiError::malformed("The header Prefer is not text."))?;
        for preference in value.split(',') {
            let word = preference.split(';').next().unwrap_or_default().trim();
            if word.eq_ignore_ascii_case("respond-async") {
                respond_async = true;
            } else if let Some(seconds) = wait_value(word) {
                wait = Some(seconds.parse::<u64>().map_err(|_| {
                    ApiError::malformed("The header Prefer names no whole seconds: use wait=30.")
                })?);
            }
        }
    }
    let max = max_wait.as_secs();
    Ok(match (wait, respond_async) {
        (Some(0), _) | (None, true) => Some((Mode::Async, "respond-async".to_owned())),
        (Some(seconds), _) => {
            let seconds = seconds.min(max);
            Some((Mode::Wait(Duration::from_secs(seconds)), format!("wait={seconds}")))
        }
        (None, false) => None,
    })
}

fn wait_value(word: &str) -> Option<&str> {
    let (name, value) = word.split_once('=')?;
    name.trim().eq_ignore_ascii_case("wait").then(|| value.trim().trim_matches('"'))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let key = text(headers, &IDEMPOTENCY_HEADER)?;
    if key.as_ref().is_some_and(|key| key.is_empty() || key.len() > MAX_KEY) {
        return Err(ApiError::malformed("The header Idempotency-Key needs 1 to 255 characters."));
    }
    Ok(key)
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Result<Option<String>, ApiError> {
    let Some(value) = headers.get(name) else { return Ok(None) };
    let text = value
        .to_str()
        .map_err(|_| ApiError::malformed(format!("The header {name} is not plain text.")))?;
    Ok(Some(text.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Duration = Duration::from_mins(10);

    fn style(prefer: &[&str]) -> CallStyle {
        let mut headers = HeaderMap::new();
        for value in prefer {
            headers.append(PREFER, HeaderValue::from_str(value).unwrap());
        }
        CallStyle::read(&headers, Mode::Sync, MAX).unwrap()
    }

    #[test]
    fn the_route_decides_when_the_caller_does_not() {
        assert_eq!(style(&[]).mode, Mode::Sync);
        assert_eq!(style(&["handling=lenient"]).mode, Mode::Sync);
        assert!(style(&[]).preference_applied().is_none());
    }

    #[test]
    fn preferences_are_read_from_any_number_of_headers() {
        assert_eq!(style(&["respond-async"]).mode, Mode::Async);
        let thirty = Mode::Wait(Duration::from_secs(30));
        assert_eq!(style(&["wait=30"]).mode, thirty);
        assert_eq!(style(&["respond-async, wait=30"]).mode, thirty);
        assert_eq!(style(&["respond-async", "Wait = \"30\"; foo"]).mode, thirty);
        assert_eq!(style(&["wait=0"]).mode, Mode::Async);
    }

    #[test]
    fn a_wait_over_the_limit_is_cut_and_the_answer_says_so() {
        let style = style(&["wait=99999"]);
        assert_eq!(style.mode, Mode::Wait(MAX));
        assert_eq!(style.preference_applied().unwrap().1, "wait=600");
    }

    #[test]
    fn nonsense_is_refused() {
        let mut headers = HeaderMap::new();
        headers.insert(PREFER, HeaderValue::from_static("wait=soon"));
        assert!(CallStyle::read(&headers, Mode::Sync, MAX).is_err());
        let mut headers = HeaderMap::new();
        headers.insert(IDEMPOTENCY_HEADER, HeaderValue::from_str(&"k".repeat(256)).unwrap());
        assert!(CallStyle::read(&headers, Mode::Sync, MAX).is_err());
    }
}
