//! One caller of one gateway, who takes whatever comes.

use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use reqwest::RequestBuilder;
use serde_json::Value;

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
    /// The status; 0 when there was none.
    status: u16,
    /// The body, as far as it came.
    body: Bytes,
    /// Why the answer is missing or broken off.
    trouble: Option<&'static str>,
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
        let mut request = self.http.post(format!("{}{path}", self.base)).json(body);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request).await
    }

    /// `GET`
    pub(super) async fn get(&self, path: &str) -> Heard {
        self.send(self.http.get(format!("{}{path}", self.base))).await
    }

    async fn send(&self, request: RequestBuilder) -> Heard {
        let mut response = match request.bearer_auth(&self.key).send().await {
            Ok(response) => response,
            Err(error) => {
                return Heard { status: 0, body: Bytes::new(), trouble: Some(why(&error)) };
            }
        };
        let status = response.status().as_u16();
        let (mut body, mut trouble) = (Vec::new(), None);
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => {
                    trouble = Some(why(&error));
                    break;
                }
            }
        }
        Heard { status, body: body.into(), trouble }
    }
}

impl Heard {
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
        self.trouble.map_or_else(|| self.status.to_string(), str::to_owned)
    }

    /// The body as text.
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is none.
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The id of the job that was accepted.
    pub(super) fn accepted(&self) -> Option<String> {
        let accepted = self.is(202) || self.is(200) || self.is(201);
        accepted.then(|| self.json()["id"].as_str().map(str::to_owned)).flatten()
    }
}

fn why(error: &reqwest::Error) -> &'static str {
    if error.is_timeout() {
        "no answer"
    } else if error.is_connect() {
        "no connection"
    } else {
        "connection lost"
    }
}
