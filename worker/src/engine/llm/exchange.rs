//! One request to one endpoint.

use bytes::Bytes;
use common::error_code::ErrorCode;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Client, Method, Response};

use super::endpoint::Endpoint;
use super::request::{self, Request, Style};
use super::route::Route;
use super::upstream_error::{Refusal, judge_transport};
use super::{body, response, stream};
use crate::engine::{EngineError, Output, RunContext};

/// As much of an error body is read.
const MAX_ERROR_BYTES: usize = 64 * 1024;

/// A run's question to an endpoint.
pub(super) struct Exchange<'a> {
    /// The client.
    pub(super) client: &'a Client,
    /// Who is asked.
    pub(super) endpoint: &'a Endpoint,
    /// The run.
    pub(super) context: &'a RunContext,
    /// What is asked.
    pub(super) route: Route,
}

/// Why there is no output.
pub(super) enum Failure {
    /// The connection failed before there was any answer: another endpoint may be asked at once.
    Unanswered(EngineError),
    /// Everything else.
    Judged(EngineError),
}

enum SendError {
    Transport(reqwest::Error),
    Refused(Refusal),
    TooSlow,
}

impl Exchange<'_> {
    /// Asks and brings the answer home, streaming it to the caller who waits for that.
    pub(super) async fn run(&self) -> Result<Output, Failure> {
        if self.route == Route::Chat && self.context.reply.wants_stream() {
            self.streamed().await
        } else {
            self.whole().await
        }
    }

    async fn whole(&self) -> Result<Output, Failure> {
        let request = self.edit(Style::Whole)?;
        let exchange = async {
            let response = self.send(request.body, "application/json").await?;
            let read = response::read(response, self.endpoint).await;
            Ok(read)
        };
        match tokio::time::timeout(self.endpoint.request_timeout(), exchange).await {
            Ok(Ok(read)) => read.map_err(Failure::Judged),
            Ok(Err(error)) => Err(self.judge(error)),
            Err(_) => Err(self.judge(SendError::TooSlow)),
        }
    }

    async fn streamed(&self) -> Result<Output, Failure> {
        let ask_usage = self.endpoint.takes_usage_option();
        let mut request = self.edit(Style::Stream { ask_usage })?;
        let mut sent = self.open_stream(request.body).await;
        if let Err(SendError::Refused(refusal)) = &sent
            && ask_usage
            && !request.caller_wants_usage
            && refusal.is_about_stream_options()
        {
            self.endpoint.refuses_usage_option();
            request = self.edit(Style::Stream { ask_usage: false })?;
            sent = self.open_stream(request.body).await;
        }
        let response = sent.map_err(|error| self.judge(error))?;
        stream::relay(response, self.endpoint, self.context, request.caller_wants_usage)
            .await
            .map_err(Failure::Judged)
    }

    fn edit(&self, style: Style) -> Result<Request, Failure> {
        let model = self.endpoint.own_name(&self.context.job.model);
        request::edit(&self.context.input, model, style).map_err(|error| {
            let message = format!("the input is no JSON object: {error}");
            Failure::Judged(EngineError::fail(ErrorCode::InvalidRequest, message))
        })
    }

    async fn open_stream(&self, body: Bytes) -> Result<Response, SendError> {
        let send = self.send(body, "text/event-stream, application/json");
        let limit = self.endpoint.request_timeout();
        tokio::time::timeout(limit, send).await.unwrap_or(Err(SendError::TooSlow))
    }

    /// Sends the body; an answer with another status than success is an error.
    async fn send(&self, body: Bytes, accept: &'static str) -> Result<Response, SendError> {
        let response = self
            .endpoint
            .request(self.client, Method::POST, self.route.path())
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, accept)
            // A second run of the job after a crash is the same request to a provider that knows such keys.
            .header("idempotency-key", self.context.job.id.to_string())
            .body(body)
            .send()
            .await
            .map_err(SendError::Transport)?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let headers = response.headers().clone();
        let body = body::read_head(response, MAX_ERROR_BYTES).await;
        Err(SendError::Refused(Refusal::new(status, headers, &body, self.endpoint.key())))
    }

    fn judge(&self, error: SendError) -> Failure {
        let endpoint = self.endpoint.name();
        match error {
            SendError::Transport(error) => {
                let judged = judge_transport(&error);
                let error = error.without_url();
                tracing::warn!(%endpoint, error = ?error, "the endpoint was not reached");
                Failure::Unanswered(judged)
            }
            SendError::Refused(refusal) => {
                let status = refusal.status.as_u16();
                tracing::warn!(%endpoint, status, reason = refusal.reason, "the endpoint refused");
                Failure::Judged(refusal.judge(self.context.clock.now()))
            }
            SendError::TooSlow => {
                tracing::warn!(%endpoint, "the endpoint did not answer in time");
                Failure::Judged(EngineError::retry(
                    ErrorCode::UpstreamTimeout,
                    "the provider did not answer in time",
                ))
            }
        }
    }
}
