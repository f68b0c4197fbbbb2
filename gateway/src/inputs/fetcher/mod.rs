//! Fetching a caller's URL: only where the egress policy allows, at most three redirects each judged anew, under
//! limits of time and size.

use std::sync::Arc;
use std::time::Duration;

use common::egress::{Blocked, EgressPolicy, Purpose};
use common::error_code::ErrorCode;
use common::objects::{ObjectError, Objects};
use http::StatusCode;
use http::header::{CONTENT_TYPE, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tokio::sync::Semaphore;
use url::Url;

use super::resolver::GuardedResolver;
use super::store::{Incoming, StoredContent};
use crate::api::ApiError;

const MAX_REDIRECTS: usize = 3;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The longest pause within an answer.
const READ_TIMEOUT: Duration = Duration::from_secs(15);
/// The whole fetch, redirects and body included.
const TOTAL_TIMEOUT: Duration = Duration::from_mins(2);
/// How many fetches run at once in one gateway.
const MAX_FETCHES: usize = 64;

/// Fetches caller's URLs. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Fetcher {
    client: Client,
    policy: EgressPolicy,
    permits: Arc<Semaphore>,
}

/// A URL was not fetched.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// We do not go there.
    #[error(transparent)]
    Blocked(#[from] Blocked),
    /// It leads elsewhere too often or to a place that is no URL.
    #[error("{0}")]
    Redirect(&'static str),
    /// It answers something else than a file.
    #[error("the server answered {0}")]
    Status(StatusCode),
    /// It does not answer, breaks off or is too slow. What exactly happened is for the log only.
    #[error("the file could not be fetched")]
    Failed(#[source] reqwest::Error),
    /// The whole took too long.
    #[error("the file did not arrive within {} seconds", TOTAL_TIMEOUT.as_secs())]
    TooSlow,
    /// It is over the size limit.
    #[error("the file is over the limit of {0} bytes")]
    TooLarge(u64),
    /// The object store did not take it.
    #[error(transparent)]
    Store(ObjectError),
}

impl Error {
    /// What the caller reads; `field` names the URL.
    pub(super) fn into_api_error(self, field: &str) -> ApiError {
        match self {
            Self::Store(error) => error.into(),
            Self::TooLarge(_) => {
                ApiError::new(ErrorCode::TooLarge, format!("{field}: {self}")).param(field)
            }
            other => ApiError::invalid_field(field, other.to_string()).caused_by(other),
        }
    }
}

impl From<ObjectError> for Error {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::TooLarge { limit } => Self::TooLarge(limit),
            other => Self::Store(other),
        }
    }
}

impl From<reqwest::Error> for Error {
    /// A refusal of the resolver comes wrapped in the client's error.
    fn from(error: reqwest::Error) -> Self {
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            if let Some(blocked) = inner.downcast_ref::<Blocked>() {
                return Self::Blocked(blocked.clone());
            }
            source = inner.source();
        }
        Self::Failed(error.without_url())
    }
}

impl Fetcher {
    /// A fetcher under this policy. It uses no proxy, keeps no cookies and no connections, and decompresses nothing.
    pub(crate) fn new(policy: EgressPolicy) -> Result<Self, reqwest::Error> {
        common::telemetry::install_crypto();
        let client = Client::builder()
            .dns_resolver(Arc::new(GuardedResolver(policy.clone())))
            .redirect(Policy::none())
            .no_proxy()
            .referer(false)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(READ_TIMEOUT)
            // A kept connection would skip the judgement of its address, and serve another tenant.
            .pool_max_idle_per_host(0)
            .user_agent(concat!("millrace/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, policy, permits: Arc::new(Semaphore::new(MAX_FETCHES)) })
    }

    /// Stores what lies behind `url` under `key`.
    pub(super) async fn fetch(
        &self,
        objects: &Objects,
        key: &str,
        limit: u64,
        url: &str,
    ) -> Result<StoredContent, Error> {
        let fetch = async {
            // The semaphore is never closed.
            let _permit = self.permits.acquire().await.ok();
            let (url, response) = self.open(url).await?;
            let name = url.path_segments().and_then(|mut parts| parts.next_back()).unwrap_or("");
            store(objects, key, limit, name, response).await
        };
        tokio::time::timeout(TOTAL_TIMEOUT, fetch).await.map_err(|_| Error::TooSlow)?
    }

    /// Follows redirects to the answer that has a body.
    async fn open(&self, url: &str) -> Result<(Url, Response), Error> {
        let mut url = self.policy.check_url(url, Purpose::Input)?;
        for _ in 0..=MAX_REDIRECTS {
            let response = self.client.get(url.clone()).send().await?;
            if !response.status().is_redirection() {
                return match response.status() {
                    StatusCode::OK => Ok((url, response)),
                    status => Err(Error::Status(status)),
                };
            }
            let next = redirect(&url, &response)?;
            url = self.policy.check_url(next.as_str(), Purpose::Input)?;
        }
        Err(Error::Redirect("the URL redirects more than 3 times"))
    }
}

/// Where an answer leads.
fn redirect(from: &Url, response: &Response) -> Result<Url, Error> {
    let target = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let mut to = target
        .and_then(|text| from.join(text).ok())
        .ok_or(Error::Redirect("the URL redirects to nowhere"))?;
    if from.scheme() == "https" && to.scheme() != "https" {
        return Err(Error::Redirect("the URL redirects from https to something weaker"));
    }
    to.set_fragment(None);
    Ok(to)
}

async fn store(
    objects: &Objects,
    key: &str,
    limit: u64,
    name: &str,
    mut response: Response,
) -> Result<StoredContent, Error> {
    if response.content_length().is_some_and(|length| length > limit) {
        return Err(Error::TooLarge(limit));
    }
    let declared = crate::api::media_type(response.headers().get(CONTENT_TYPE));
    let mut incoming = Incoming::begin(objects, key, limit)?;
    match copy(&mut incoming, &mut response).await {
        Ok(()) => Ok(incoming.finish(&declared, name).await?),
        Err(error) => {
            incoming.abort().await;
            Err(error)
        }
    }
}

async fn copy(incoming: &mut Incoming, response: &mut Response) -> Result<(), Error> {
    while let Some(chunk) = response.chunk().await? {
        incoming.write(chunk).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
