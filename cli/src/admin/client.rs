//! The way to a gateway.

use std::time::Duration;

use common::secret::Secret;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use crate::arguments::{Api, DEFAULT_URL};
use crate::failure::Failure;

/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Calls one gateway with one key.
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    key: Secret,
}

impl Client {
    /// The client of the options: the key comes from them, or from the data directory.
    pub(crate) fn new(api: &Api) -> Result<Self, Failure> {
        check_address(&api.url)?;
        let given = api.key.as_deref().map(str::trim).filter(|key| !key.is_empty());
        let key = if let Some(key) = given {
            Secret::new(key)
        } else {
            let path = api.data_dir.join("admin.key");
            let text = std::fs::read_to_string(&path).map_err(|error| {
                Failure::general(format!(
                    "no API key: give one with --key or MILLRACE_API_KEY ({}: {error})",
                    path.display()
                ))
            })?;
            Secret::new(text.trim())
        };
        Self::with_key(&api.url, key)
    }

    /// A client of this gateway with this key.
    pub(crate) fn with_key(url: &str, key: Secret) -> Result<Self, Failure> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .connect_timeout(Duration::from_secs(3))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| {
                Failure::general(format!("the HTTP client can not be built: {error}"))
            })?;
        Ok(Self { http, url: url.trim_end_matches('/').to_owned(), key })
    }

    /// Reads a document.
    pub(crate) async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.call(Method::GET, path, None).await
    }

    /// Sends a document and reads the answer.
    pub(crate) async fn post(&self, path: &str, body: Option<Value>) -> Result<Value, Failure> {
        self.call(Method::POST, path, body).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> Result<Value, Failure> {
        let mut request =
            self.http.request(method, format!("{}{path}", self.url)).bearer_auth(self.key.expose());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.map_err(|error| {
            Failure::unavailable(format!(
                "no gateway answers at {} ({}); is it running? (--url, MILLRACE_URL)",
                self.url,
                if error.is_timeout() { "timed out" } else { "no connection" }
            ))
        })?;
        let status = response.status();
        let answer: Value = response.json().await.unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(answer);
        }
        Err(failure(status, &answer))
    }
}

/// The address is one that a gateway can have.
fn check_address(url: &str) -> Result<(), Failure> {
    let parsed = Url::parse(url).ok();
    if parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host()) {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "'{url}' is no address of a gateway; one looks like {DEFAULT_URL} (--url, MILLRACE_URL)"
    )))
}

/// The gateway's own words, with an exit code that scripts can use.
fn failure(status: StatusCode, answer: &Value) -> Failure {
    let message = answer
        .pointer("/error/message")
        .and_then(Value::as_str)
        .map_or_else(|| format!("the gateway answered {status}"), str::to_owned);
    match status {
        // It read what was given here, and it is wrong.
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Failure::usage(message),
        StatusCode::NOT_FOUND => Failure::not_found(message),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => {
            Failure::unavailable(message)
        }
        _ => Failure::general(message),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_no_address_is_a_mistake_on_the_command_line() {
        for good in ["http://127.0.0.1:8080", "https://gateway.example/under/", DEFAULT_URL] {
            assert!(check_address(good).is_ok(), "{good}");
        }
        for wrong in ["nonsense", "localhost:8080", "ftp://a", "http://"] {
            let failure = check_address(wrong).unwrap_err();
            assert_eq!(failure.code(), 2, "{wrong}");
            assert!(format!("{failure:?}").contains("is no address"), "{failure:?}");
        }
    }

    #[test]
    fn the_gateways_answers_have_exit_codes() {
        let answer = json!({"error": {"message": "words"}});
        for (status, code) in [(400, 2), (422, 2), (404, 3), (503, 4), (401, 1), (409, 1), (500, 1)]
        {
            let failure = failure(StatusCode::from_u16(status).unwrap(), &answer);
            assert_eq!(failure.code(), code, "{status}");
        }
    }
}
