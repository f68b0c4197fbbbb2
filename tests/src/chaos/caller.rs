//! One caller of one gateway, who takes whatever comes.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use reqwest::RequestBuilder;
use reqwest::header::HeaderMap;
use serde_json::Value;
use tokio::time::Instant;

use super::intent::Fate;

/// How long a caller waits for an answer.
const PATIENCE: Duration = Duration::from_secs(8);

/// Calls one gateway with one key. Cheap to clone.
#[derive(Clone)]
pub(super) struct Caller {
    http: reqwest::Client,
    base: String,
    key: String,
}

/// What a caller heard.
#[derive(Clone, Debug)]
pub(super) struct Heard {
    /// When it was asked for.
    asked: Instant,
    /// The status; 0 when there was none.
    status: u16,
    /// The job that the head of the answer names.
    job: Option<String>,
    /// The body, as far as it came.
    body: Bytes,
    /// Why the answer is missing or broken off.
    trouble: Option<Trouble>,
}

/// Why an answer is missing or broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    NoAnswer,
    NoConnection,
    ConnectionLost,
}

impl Caller {
    /// A caller of the gateway at `base`.
    pub(super) fn new(base: &str, key: &str) -> anyhow::Result<Self> {
        common::telemetry::install_crypto();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .build()
            .context("a client can be built")?;
        Ok(Self { http, base: base.to_owned(), key: key.to_owned() })
    }

    /// `POST`, with an idempotency key if there is one.
    pub(super) async fn post(&self, path: &str, body: &Value, key: Option<&str>) -> Heard {
        let head: Vec<_> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
        self.post_with(path, body, &head).await
    }

    /// `POST` with these headers.
    pub(super) async fn post_with(
        &self,
        path: &str,
        body: &Value,
        head: &[(&'static str, &str)],
    ) -> Heard {
        let mut request = self.http.post(format!("{}{path}", self.base)).json(body);
        for (name, value) in head {
            request = request.header(*name, *value);
        }
        self.send(request).await
    }

    /// `GET`
    pub(super) async fn get(&self, path: &str) -> Heard {
        self.send(self.http.get(format!("{}{path}", self.base))).await
    }

    async fn send(&self, request: RequestBuilder) -> Heard {
        let mut heard = Heard {
            asked: Instant::now(),
            status: 0,
            job: None,
            body: Bytes::new(),
            trouble: None,
        };
        let mut response = match request.bearer_auth(&self.key).send().await {
            Ok(response) => response,
            Err(error) => {
                heard.trouble = Some(Trouble::of(&error));
                return heard;
            }
        };
        heard.status = response.status().as_u16();
        heard.job = named(response.headers());
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => {
                    heard.trouble = Some(Trouble::of(&error));
                    break;
                }
            }
        }
        heard.body = body.into();
        heard
    }
}

impl Heard {
    /// When it was asked for.
    pub(super) fn asked(&self) -> Instant {
        self.asked
    }

    /// Whether the answer is whole and has this status.
    pub(super) fn is(&self, status: u16) -> bool {
        self.status == status && self.trouble.is_none()
    }

    /// The status.
    pub(super) fn status(&self) -> u16 {
        self.status
    }

    /// The status, or why there is none.
    pub(super) fn how(&self) -> String {
        self.trouble.map_or_else(|| self.status.to_string(), |trouble| trouble.as_str().to_owned())
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The job that the head of the answer names.
    pub(super) fn job(&self) -> Option<&str> {
        self.job.as_deref()
    }

    /// The id of the job that was accepted.
    #[cfg(test)]
    pub(super) fn accepted(&self) -> Option<String> {
        let Fate::Accepted(id) = self.fate() else { return None };
        id
    }

    /// What a submit came to. A status of success is a promise, whether or not the body came; 503 without a job is none.
    pub(super) fn fate(&self) -> Fate {
        match self.status {
            200..=299 => {
                let told = self.json()["id"].as_str().map(str::to_owned);
                Fate::Accepted(self.job.clone().or(told))
            }
            400..=499 => Fate::Refused,
            503 if self.job.is_none() => Fate::Refused,
            0 if self.trouble == Some(Trouble::NoConnection) => Fate::Refused,
            _ => Fate::Unknown,
        }
    }
}

/// The job that is named by `X-Millrace-Job`, or else by `Location`.
fn named(head: &HeaderMap) -> Option<String> {
    let text = |name: &str| head.get(name).and_then(|value| value.to_str().ok());
    let place = || text("location").and_then(|place| place.rsplit('/').next());
    text("x-millrace-job").or_else(place).map(str::to_owned)
}

impl Trouble {
    fn of(error: &reqwest::Error) -> Self {
        if error.is_timeout() && !error.is_connect() {
            Self::NoAnswer
        } else if error.is_connect() {
            Self::NoConnection
        } else {
            Self::ConnectionLost
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::NoAnswer => "no answer",
            Self::NoConnection => "no connection",
            Self::ConnectionLost => "connection lost",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(status: u16, job: Option<&str>, body: &str, trouble: Option<Trouble>) -> Fate {
        let body = Bytes::copy_from_slice(body.as_bytes());
        Heard { asked: Instant::now(), status, job: job.map(str::to_owned), body, trouble }.fate()
    }

    #[test]
    fn a_head_of_success_is_a_promise_and_only_a_definite_no_is_a_refusal() {
        let lost = Some(Trouble::ConnectionLost);
        let accepted = |job: &str| Fate::Accepted(Some(job.to_owned()));
        assert_eq!(heard(202, Some("a"), r#"{"id": "a"}"#, None), accepted("a"));
        assert_eq!(heard(202, Some("a"), r#"{"i"#, lost), accepted("a"));
        assert_eq!(heard(202, None, r#"{"id": "a"}"#, None), accepted("a"));
        assert_eq!(heard(202, None, "", lost), Fate::Accepted(None));
        assert_eq!(heard(429, None, "", None), Fate::Refused);
        assert_eq!(heard(503, None, "", None), Fate::Refused);
        assert_eq!(heard(503, Some("a"), "", None), Fate::Unknown);
        assert_eq!(heard(500, None, "", None), Fate::Unknown);
        assert_eq!(heard(0, None, "", Some(Trouble::NoConnection)), Fate::Refused);
        assert_eq!(heard(0, None, "", Some(Trouble::NoAnswer)), Fate::Unknown);
        assert_eq!(heard(0, None, "", lost), Fate::Unknown);
    }
}
