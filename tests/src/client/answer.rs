//! An answer, read whole.

use bytes::Bytes;
use common::job::JobObject;
use http::{HeaderMap, StatusCode};
use serde_json::Value;

/// Status, headers and body.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Bytes,
}

impl Answer {
    pub(super) async fn read(response: reqwest::Response) -> Result<Self, reqwest::Error> {
        let (status, headers) = (response.status(), response.headers().clone());
        Ok(Self { status, headers, bytes: response.bytes().await? })
    }

    /// The body as JSON, when the status is the expected one.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Value {
        self.assert_status(status);
        if self.bytes.is_empty() {
            return Value::Null;
        }
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("no JSON ({error}): {}", self.text()))
    }

    /// The job in the body, when the status is the expected one.
    #[track_caller]
    pub fn job(&self, status: u16) -> JobObject {
        self.assert_status(status);
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("no job ({error}): {}", self.text()))
    }

    /// The code of an error, when the status is the expected one.
    #[track_caller]
    pub fn error(&self, status: u16) -> String {
        let body = self.expect(status);
        body["error"]["code"].as_str().unwrap_or_else(|| panic!("no error: {body}")).to_owned()
    }

    /// The sentence of an error.
    pub fn message(&self) -> String {
        let body: Value = serde_json::from_slice(&self.bytes).unwrap_or_default();
        body["error"]["message"].as_str().unwrap_or_default().to_owned()
    }

    /// A header as text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    #[track_caller]
    fn assert_status(&self, status: u16) {
        assert_eq!(self.status, status, "{}", self.text());
    }
}
