//! A caller of the HTTP API.

mod answer;
mod call;
mod chat;
mod events;
mod jobs;

use std::time::Duration;

use reqwest::Method;
use serde_json::json;

pub use answer::Answer;
pub use call::{Call, Ongoing};
pub use events::{Events, ServerEvent};

/// How long one request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);

/// Calls one gateway with one key. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    key: String,
}

impl Client {
    /// A caller of the gateway at `base`.
    pub fn new(base: &str, key: &str) -> Self {
        common::telemetry::install_crypto();
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(REQUEST_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .expect("a client can be built");
        Self { http, base: base.trim_end_matches('/').to_owned(), key: key.to_owned() }
    }

    /// The same gateway with another key; an empty one is not sent.
    #[must_use]
    pub fn with_key(&self, key: &str) -> Self {
        Self { key: key.to_owned(), ..self.clone() }
    }

    /// The same key at another gateway.
    #[must_use]
    pub fn at(&self, other: &Self) -> Self {
        Self { base: other.base.clone(), ..self.clone() }
    }

    /// The gateway's address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A request.
    pub fn call(&self, method: Method, path: &str) -> Call {
        let url =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let request = self.http.request(method, url);
        Call::new(if self.key.is_empty() { request } else { request.bearer_auth(&self.key) })
    }

    /// `GET`
    pub fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// `POST`
    pub fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    /// `DELETE`
    pub fn delete(&self, path: &str) -> Call {
        self.call(Method::DELETE, path)
    }

    /// Makes a user key of a tenant; this client's key must be an admin's.
    pub async fn new_key(&self, tenant: &str) -> String {
        let made = self.post("/v1/admin/keys").json(&json!({ "tenant": tenant })).send().await;
        made.expect(201)["key"].as_str().expect("the key is in the answer").to_owned()
    }

    /// The secret that signs the webhooks of this tenant's jobs.
    pub async fn webhook_secret(&self) -> String {
        let answer = self.get("/v1/webhooks/secret").send().await;
        answer.expect(200)["secret"].as_str().expect("the secret is in the answer").to_owned()
    }
}
