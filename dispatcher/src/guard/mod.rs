//! The guarded HTTP client: the only way in which the dispatcher talks to the outside.
//!
//! Every attempt parses and judges the URL anew, names are resolved by [`resolver`] to addresses that were judged,
//! and exactly those are dialled. Redirects, proxies, cookies, decompression and silent repeats are off.

mod error;
mod resolver;

use std::collections::BTreeMap;
use std::time::Duration;

use common::egress::{Blocked, EgressPolicy, Purpose};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

pub(crate) use error::SendError;
use resolver::GuardedResolver;

/// Idle connections are closed before common servers close them (Node does after 5 s), so that a delivery does not
/// meet a connection that is just being closed.
const IDLE: Duration = Duration::from_secs(4);
/// The most bytes of header fields in an answer over HTTP/2, and the most fields over HTTP/1.
const HEADER_BYTES: u32 = 32 * 1024;
const HEADER_FIELDS: usize = 100;

/// The client and the policy that it obeys.
#[derive(Clone)]
pub(crate) struct Guard {
    client: reqwest::Client,
    policy: EgressPolicy,
}

impl Guard {
    /// A client that obeys `policy` and gives up connecting after `connect_timeout`, the look-up included.
    pub(crate) fn new(
        policy: EgressPolicy,
        connect_timeout: Duration,
    ) -> Result<Self, reqwest::Error> {
        Self::with_builder(policy, connect_timeout, reqwest::Client::builder())
    }

    fn with_builder(
        policy: EgressPolicy,
        connect_timeout: Duration,
        builder: reqwest::ClientBuilder,
    ) -> Result<Self, reqwest::Error> {
        let client = builder
            .dns_resolver(GuardedResolver::new(policy.clone()))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(connect_timeout)
            .pool_idle_timeout(IDLE)
            .http1_max_headers(HEADER_FIELDS)
            .http2_max_header_list_size(HEADER_BYTES)
            .build()?;
        Ok(Self { client, policy })
    }

    /// Judges a URL as far as that is possible without a look-up.
    pub(crate) fn check(&self, url: &str) -> Result<Url, Blocked> {
        self.policy.check_url(url, Purpose::Webhook)
    }

    /// Posts and returns as soon as the answer's head is there. The caller bounds the time.
    pub(crate) async fn post(
        &self,
        url: &Url,
        headers: &BTreeMap<String, String>,
        body: String,
    ) -> Result<reqwest::Response, SendError> {
        let request = self.client.post(url.clone()).headers(header_map(headers)).body(body);
        request.send().await.map_err(|error| SendError::of(&error))
    }
}

fn header_map(headers: &BTreeMap<String, String>) -> HeaderMap {
    headers
        .iter()
        .filter_map(|(name, value)| {
            Some((HeaderName::try_from(name).ok()?, HeaderValue::try_from(value).ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests;
