//! Keeps what an endpoint offers fresh.

use std::time::Duration;

use common::retry::{Backoff, RetryPolicy};
use rand::RngExt;
use reqwest::{Client, Method, StatusCode};
use tokio_util::sync::CancellationToken;

use super::body::{self, BodyError};
use super::endpoint::Endpoint;
use super::listing::{self, Listed};

/// The longest wait for a list.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The largest list that is read.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// At least this long between two questions, however many runs suspect the endpoint.
const PAUSE: Duration = Duration::from_millis(250);

/// Why an endpoint's models are not known.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error("it does not answer: {0}")]
    Unreachable(#[source] reqwest::Error),
    #[error("it does not answer in time")]
    TooSlow,
    #[error("it answers {0}")]
    Refused(StatusCode),
    #[error("it lists no models; name them in its settings")]
    NoList,
}

/// Asks the endpoint for its models until `stop` is cancelled: at every interval, soon after a failure, and when a
/// run could not reach it.
pub(super) async fn keep_fresh(endpoint: &Endpoint, client: &Client, stop: &CancellationToken) {
    let interval = endpoint.discovery_interval();
    let mut soon = Backoff::new(RetryPolicy {
        initial: Duration::from_secs(1).min(interval),
        max: interval,
        multiplier: 2.0,
        jitter: 0.2,
    });
    let keep = async {
        loop {
            let wait = if refresh(endpoint, client).await {
                soon.reset();
                with_jitter(interval)
            } else {
                soon.next().min(interval)
            };
            tokio::time::sleep(wait.min(PAUSE)).await;
            tokio::select! {
                () = tokio::time::sleep(wait.saturating_sub(PAUSE)) => {}
                () = endpoint.suspected() => {}
            }
        }
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => {}
        () = keep => {}
    }
}

/// Asks once; whether it answered.
pub(super) async fn refresh(endpoint: &Endpoint, client: &Client) -> bool {
    match ask(endpoint, client).await {
        Ok(listed) => {
            endpoint.found(&listed);
            true
        }
        Err(error) => {
            endpoint.missed(&error);
            false
        }
    }
}

/// A tenth more or less, so that workers that started together do not ask together.
fn with_jitter(interval: Duration) -> Duration {
    interval.mul_f64(rand::rng().random_range(0.9..1.1))
}

async fn ask(endpoint: &Endpoint, client: &Client) -> Result<Vec<Listed>, Error> {
    tokio::time::timeout(TIMEOUT, list(endpoint, client)).await.unwrap_or(Err(Error::TooSlow))
}

async fn list(endpoint: &Endpoint, client: &Client) -> Result<Vec<Listed>, Error> {
    let request = endpoint.request(client, Method::GET, "models");
    let unreachable = |error: reqwest::Error| Error::Unreachable(error.without_url());
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status();
    let listed = if status.is_success() {
        match body::read(response, MAX_BYTES).await {
            Ok(body) => listing::parse(&body),
            Err(BodyError::TooLarge) => None,
            Err(BodyError::Lost(error)) => return Err(unreachable(error)),
        }
    } else if is_away(status) {
        return Err(Error::Refused(status));
    } else {
        None
    };
    match listed {
        Some(listed) => Ok(listed),
        // It answers, and its models are known from the settings.
        None if endpoint.names_models() => Ok(Vec::new()),
        None if status.is_success() => Err(Error::NoList),
        None => Err(Error::Refused(status)),
    }
}

/// Whether the status says that the endpoint does not serve now, or not with this key. Others may only mean that
/// it has no list.
fn is_away(status: StatusCode) -> bool {
    matches!(status.as_u16(), 401 | 403 | 429 | 502 | 503 | 504)
}
