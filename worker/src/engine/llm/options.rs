//! What an operator says about an endpoint.

use std::collections::BTreeMap;
use std::time::Duration;

use common::secret::Secret;

use super::base_url::BaseUrlError;

/// An OpenAI-compatible endpoint: OpenAI, Ollama, vLLM, llama.cpp, LM Studio and many more.
#[derive(Clone, Debug)]
pub struct EndpointOptions {
    /// Where it lies, with or without `/v1`; see [`super::BaseUrl`].
    pub url: String,
    /// Sent as a bearer token, when given.
    pub key: Option<Secret>,
    /// How many requests it is asked at once, at least 1.
    pub slots: usize,
    /// The only models to offer of those that it lists; empty means all. One that it does not list is offered all
    /// the same: not every endpoint lists what it has.
    pub models: Vec<String>,
    /// Names under which callers know models of the endpoint: caller's name to endpoint's name.
    pub aliases: BTreeMap<String, String>,
    /// The longest wait for a whole answer, or for the headers of a streamed one.
    pub request_timeout: Duration,
    /// The longest silence within a streamed answer.
    pub idle_timeout: Duration,
    /// How often its models are asked for.
    pub discovery_interval: Duration,
}

impl EndpointOptions {
    /// An endpoint at `url` with the usual limits.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            key: None,
            slots: 8,
            models: Vec::new(),
            aliases: BTreeMap::new(),
            request_timeout: Duration::from_mins(10),
            idle_timeout: Duration::from_mins(1),
            discovery_interval: Duration::from_secs(30),
        }
    }
}

/// The engine can not be built as configured.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The endpoint's address is wrong.
    #[error(transparent)]
    Url(#[from] BaseUrlError),
    /// The key holds what no HTTP header can.
    #[error("the key of {0} holds characters that a key can not have")]
    Key(String),
    /// The HTTP client can not be built.
    #[error("the HTTP client can not be built: {0}")]
    Client(#[source] reqwest::Error),
}
