//! What an endpoint's failure means for the job.

use std::time::Duration;

use common::clock::Timestamp;
use common::error_code::ErrorCode;
use common::job::JobError;
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

use super::redact::redact;
use super::retry_after;
use crate::engine::EngineError;

/// How soon an endpoint that loads its model is asked again, when it does not say.
const LOADING_PAUSE: Duration = Duration::from_secs(2);

/// An answer that is no success.
pub(super) struct Refusal {
    /// Its status.
    pub(super) status: StatusCode,
    /// Its headers.
    pub(super) headers: HeaderMap,
    /// The reason that it gives, redacted; empty when it gives none.
    pub(super) reason: String,
}

impl Refusal {
    /// Reads a refusal; `secret` is the endpoint's key, which some echo.
    pub(super) fn new(
        status: StatusCode,
        headers: HeaderMap,
        body: &[u8],
        secret: Option<&str>,
    ) -> Self {
        Self { status, headers, reason: reason(body, secret) }
    }

    /// Whether it objects to the stream options that the engine added.
    pub(super) fn is_about_stream_options(&self) -> bool {
        matches!(self.status.as_u16(), 400 | 422)
            && (self.reason.contains("stream_options") || self.reason.contains("include_usage"))
    }

    /// What becomes of the job.
    pub(super) fn judge(&self, now: Timestamp) -> EngineError {
        let after = retry_after::delay(&self.headers, now);
        let status = self.status.as_u16();
        match status {
            503 if self.is_loading() => {
                EngineError::Snooze { after: after.unwrap_or(LOADING_PAUSE) }
            }
            429 => retry(ErrorCode::UpstreamFailed, "the provider is asked too often (429)", after),
            408 | 504 => retry(
                ErrorCode::UpstreamTimeout,
                &format!("the provider did not answer in time ({status})"),
                after,
            ),
            // A request with the same idempotency key still runs, or came too early.
            409 | 425 | 500.. => {
                retry(ErrorCode::UpstreamFailed, &format!("the provider failed ({status})"), after)
            }
            401 => EngineError::fail(
                ErrorCode::UpstreamRejected,
                "the provider refused the worker's key (401)",
            ),
            400..=499 => EngineError::fail(ErrorCode::UpstreamRejected, self.sentence()),
            _ => EngineError::fail(
                ErrorCode::UpstreamFailed,
                format!("the provider answered with status {status}, which is not followed"),
            ),
        }
    }

    fn is_loading(&self) -> bool {
        self.reason.to_ascii_lowercase().contains("loading model")
    }

    fn sentence(&self) -> String {
        let status = self.status.as_u16();
        if self.reason.is_empty() {
            format!("the provider refused the request ({status})")
        } else {
            format!("the provider refused the request ({status}): {}", self.reason)
        }
    }
}

/// What a failure means that was reported inside an answer that began as a success.
pub(super) fn judge_report(data: &[u8], secret: Option<&str>) -> EngineError {
    let report = serde_json::from_slice::<Value>(data).unwrap_or_default();
    let code = report.pointer("/error/code").or_else(|| report.get("code"));
    let status = code.and_then(Value::as_u64).and_then(|code| u16::try_from(code).ok());
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    match status.filter(|status| status.is_client_error() || status.is_server_error()) {
        Some(status) => {
            Refusal::new(status, HeaderMap::new(), data, secret).judge(Timestamp::from_micros(0))
        }
        None => EngineError::retry(
            ErrorCode::UpstreamFailed,
            "the provider reported a failure in place of an answer",
        ),
    }
}

/// What it means that the connection failed.
pub(super) fn judge_transport(error: &reqwest::Error) -> EngineError {
    if error.is_timeout() {
        EngineError::retry(ErrorCode::UpstreamTimeout, "the provider can not be reached in time")
    } else if error.is_connect() {
        EngineError::retry(ErrorCode::UpstreamFailed, "the provider can not be reached")
    } else {
        EngineError::retry(ErrorCode::UpstreamFailed, "the connection to the provider broke")
    }
}

fn retry(code: ErrorCode, message: &str, after: Option<Duration>) -> EngineError {
    EngineError::Retry { error: JobError::retryable(code, message), after }
}

/// The reason in an error body, in any of the shapes that compatible servers use.
fn reason(body: &[u8], secret: Option<&str>) -> String {
    let Ok(document) = serde_json::from_slice::<Value>(body) else { return String::new() };
    let document = document.get(0).unwrap_or(&document);
    let found = [
        document.pointer("/error/message"),
        document.pointer("/error/error"),
        document.get("error"),
        document.get("message"),
        document.get("detail"),
    ];
    let text = found.into_iter().flatten().find_map(text_of);
    text.map(|text| redact(&text, secret)).unwrap_or_default()
}

fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        // FastAPI: one entry per wrong field.
        Value::Array(entries) => {
            let entries: Vec<_> = entries.iter().filter_map(field_of).collect();
            (!entries.is_empty()).then(|| entries.join("; "))
        }
        Value::Object(inner) => inner.get("message").and_then(text_of),
        _ => None,
    }
}

fn field_of(entry: &Value) -> Option<String> {
    let message = entry.get("msg")?.as_str()?;
    let place = entry.get("loc").and_then(Value::as_array).map(|steps| {
        let steps = steps.iter().map(|step| match step {
            Value::String(name) => name.clone(),
            other => other.to_string(),
        });
        steps.collect::<Vec<_>>().join(".")
    });
    Some(place.map_or_else(|| message.to_owned(), |place| format!("{place}: {message}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16, body: &str) -> EngineError {
        let status = StatusCode::from_u16(status).unwrap();
        let mut headers = HeaderMap::new();
        headers.insert("retry-after", "7".parse().unwrap());
        let now = Timestamp::from_micros(0);
        Refusal::new(status, headers, body.as_bytes(), None).judge(now)
    }

    fn rejected(status: u16, body: &str) -> String {
        match judged(status, body) {
            EngineError::Fail(error) => {
                assert_eq!(error.code, ErrorCode::UpstreamRejected);
                error.message
            }
            other => panic!("{status} became {other:?}"),
        }
    }

    #[test]
    fn what_may_pass_is_tried_again_when_the_provider_says() {
        for status in [408, 409, 425, 429, 500, 502, 503, 504, 529] {
            let EngineError::Retry { error, after } = judged(status, "<html>") else {
                panic!("{status} must be retried");
            };
            assert!(error.retryable);
            assert_eq!(after, Some(Duration::from_secs(7)));
        }
    }

    #[test]
    fn loading_costs_no_attempt() {
        let body = r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#;
        assert!(matches!(judged(503, body), EngineError::Snooze { .. }));
        assert!(matches!(judge_report(body.as_bytes(), None), EngineError::Snooze { .. }));
    }

    #[test]
    fn the_callers_fault_is_told_in_the_providers_words() {
        let bodies = [
            (r#"{"error":{"message":"too long","type":"invalid_request_error"}}"#, "too long"),
            (r#"{"error":"model 'x' not found"}"#, "model 'x' not found"),
            (r#"{"detail":[{"loc":["body","n",0],"msg":"not an int"}]}"#, "body.n.0: not an int"),
            (r#"{"detail":"nope"}"#, "nope"),
            (r#"{"object":"error","message":"bad","code":400}"#, "bad"),
            (r#"[{"error":{"code":400,"message":"bad key"}}]"#, "bad key"),
        ];
        for (body, reason) in bodies {
            assert_eq!(
                rejected(400, body),
                format!("the provider refused the request (400): {reason}")
            );
        }
        assert_eq!(rejected(404, "<html>"), "the provider refused the request (404)");
    }

    #[test]
    fn the_workers_key_is_not_the_callers_business() {
        let message = rejected(401, r#"{"error":{"message":"Incorrect API key provided: sk-1"}}"#);
        assert_eq!(message, "the provider refused the worker's key (401)");
    }

    #[test]
    fn a_redirect_is_a_wrong_setting() {
        assert!(
            matches!(judged(302, ""), EngineError::Fail(error) if error.code == ErrorCode::UpstreamFailed)
        );
    }

    #[test]
    fn a_report_inside_an_answer_is_judged_by_its_code() {
        let refused = judge_report(br#"{"error":{"code":400,"message":"bad"}}"#, None);
        assert!(matches!(refused, EngineError::Fail(_)));
        for report in [r#"{"error":{"message":"oom","code":"server_error"}}"#, "garbage"] {
            assert!(matches!(judge_report(report.as_bytes(), None), EngineError::Retry { .. }));
        }
    }
}
