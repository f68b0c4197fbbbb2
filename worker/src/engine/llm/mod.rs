//! The `llm` engine: any OpenAI-compatible endpoint, chat and embeddings.
//!
//! The caller's body is forwarded with only `model`, `stream` and `stream_options` edited ([`request`]); a whole
//! answer is the result untouched ([`response`]), a streamed one is passed on event by event ([`stream`]). Models
//! are discovered ([`discovery`]); requests go round over the endpoints that have the model ([`endpoints`]).

mod base_url;
mod body;
mod chunk;
mod client;
mod discovery;
mod endpoint;
mod endpoints;
mod exchange;
mod fields;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod listing;
mod options;
mod redact;
mod request;
mod response;
mod retry_after;
mod route;
mod sse;
mod stream;
#[cfg(test)]
mod tests;
mod upstream_error;

pub use base_url::{BaseUrl, BaseUrlError};
pub use options::{EndpointOptions, Error};

use std::time::Duration;

use common::error_code::ErrorCode;
use futures::FutureExt;
use futures::future::{BoxFuture, join_all};
use tokio_util::sync::CancellationToken;

use self::endpoint::Endpoint;
use self::endpoints::Endpoints;
use self::exchange::{Exchange, Failure};
use self::route::Route;
use super::{Engine, EngineError, Offer, Output, RunContext};

/// How long a job waits when no endpoint has its model now.
const AWAY_PAUSE: Duration = Duration::from_secs(5);

/// The engine.
pub struct LlmEngine {
    endpoints: Endpoints,
    client: reqwest::Client,
}

impl LlmEngine {
    /// An engine over these endpoints. It offers nothing until [`Engine::maintain`] has found their models.
    pub fn new(endpoints: Vec<EndpointOptions>) -> Result<Self, Error> {
        let endpoints = endpoints.into_iter().map(Endpoint::new).collect::<Result<_, _>>()?;
        let client = client::build().map_err(Error::Client)?;
        Ok(Self { endpoints: Endpoints::new(endpoints), client })
    }

    /// Asks an endpoint that has the model; where none answers at all, the next is asked.
    async fn answer(&self, context: &RunContext) -> Result<Output, EngineError> {
        let operation = &context.job.operation;
        let route = Route::of(operation).ok_or_else(|| {
            let message = format!("the llm engine has no operation '{operation}'");
            EngineError::fail(ErrorCode::InvalidRequest, message)
        })?;
        let mut failed = EngineError::Snooze { after: AWAY_PAUSE };
        let mut tried = Vec::new();
        while let Some(lease) = self.endpoints.lease(&context.job.model, &tried).await {
            let endpoint = lease.endpoint;
            let exchange = Exchange { client: &self.client, endpoint, context, route };
            match exchange.run().await {
                Ok(output) => return Ok(output),
                Err(Failure::Judged(error)) => return Err(error),
                Err(Failure::Unanswered(error)) => {
                    endpoint.suspect();
                    tried.push(endpoint);
                    failed = error;
                }
            }
        }
        Err(failed)
    }
}

impl Engine for LlmEngine {
    fn capability(&self) -> &'static str {
        "llm"
    }

    fn slots(&self) -> usize {
        self.endpoints.iter().map(Endpoint::slots).sum::<usize>().max(1)
    }

    fn offers(&self) -> Vec<Offer> {
        self.endpoints.offers()
    }

    fn run<'a>(&'a self, context: &'a RunContext) -> BoxFuture<'a, Result<Output, EngineError>> {
        async move {
            // Dropping the exchange drops its connection, which is how an endpoint learns that nobody waits.
            tokio::select! {
                biased;
                () = context.cancel.cancelled() => Err(EngineError::Canceled),
                outcome = self.answer(context) => outcome,
            }
        }
        .boxed()
    }

    fn maintain<'a>(&'a self, stop: &'a CancellationToken) -> BoxFuture<'a, ()> {
        let keep = |endpoint| discovery::keep_fresh(endpoint, &self.client, stop);
        join_all(self.endpoints.iter().map(keep)).map(drop).boxed()
    }
}
