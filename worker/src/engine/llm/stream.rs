//! An answer that comes as a stream of events: each is passed on as it came, and the whole is recorded.
//!
//! Until something was passed on, a failure may be retried unseen; after that it ends the job. Nothing is ever
//! invented: what the endpoint did not say, the caller does not hear.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use common::error_code::ErrorCode;
use common::job::JobError;
use reqwest::Response;
use reqwest::header::CONTENT_TYPE;
use serde_json::value::RawValue;

use super::body;
use super::chunk::{Chunk, Progress};
use super::endpoint::Endpoint;
use super::sse::{Event, Parser};
use super::upstream_error::{judge_report, judge_transport};
use crate::engine::{EngineError, Output, RunContext};

/// The longest recorded stream.
const MAX_BYTES: usize = 8 * 1024 * 1024;
/// How long the end of the connection is awaited after the end of the answer, so that it can be used again.
const DRAIN: Duration = Duration::from_millis(100);

/// Passes the stream on until its end. The chunk that only tells the usage is passed on when the caller asked for
/// it, which the endpoint was in any case.
pub(super) async fn relay(
    mut response: Response,
    endpoint: &Endpoint,
    context: &RunContext,
    caller_wants_usage: bool,
) -> Result<Output, EngineError> {
    if !is_event_stream(&response) {
        return Err(not_a_stream(response, endpoint).await);
    }
    let mut relay = Relay {
        endpoint,
        context,
        caller_wants_usage,
        transcript: BytesMut::new(),
        progress: Progress::default(),
        usage: None,
        done: false,
    };
    let mut parser = Parser::new(MAX_BYTES);
    while !relay.done {
        match tokio::time::timeout(endpoint.idle_timeout(), response.chunk()).await {
            Ok(Ok(Some(read))) => {
                parser.push(&read).map_err(|_| relay.too_long())?;
                relay.pass_on(std::iter::from_fn(|| parser.next())).await?;
            }
            Ok(Ok(None)) => {
                relay.pass_on(parser.finish().into_iter()).await?;
                return relay.into_output();
            }
            // What is whole does not become less by how the connection ends.
            _ if relay.progress.is_whole() => return relay.into_output(),
            Ok(Err(error)) => return Err(relay.broken(judge_transport(&error))),
            Err(_) => {
                return Err(relay.broken(EngineError::retry(
                    ErrorCode::UpstreamTimeout,
                    "the provider fell silent within its answer",
                )));
            }
        }
    }
    let drain = async { while let Ok(Some(_)) = response.chunk().await {} };
    tokio::time::timeout(DRAIN, drain).await.ok();
    relay.into_output()
}

struct Relay<'a> {
    endpoint: &'a Endpoint,
    context: &'a RunContext,
    caller_wants_usage: bool,
    transcript: BytesMut,
    progress: Progress,
    usage: Option<Arc<RawValue>>,
    done: bool,
}

impl Relay<'_> {
    /// Passes on the events of one read in one message.
    async fn pass_on(&mut self, events: impl Iterator<Item = Event>) -> Result<(), EngineError> {
        let mut part = BytesMut::new();
        let mut failed = None;
        for event in events {
            match self.judge(&event) {
                Ok(true) => part.extend_from_slice(&event.raw),
                Ok(false) => {}
                Err(error) => {
                    failed = Some(error);
                    break;
                }
            }
            if self.done {
                break;
            }
        }
        if self.transcript.len() + part.len() > MAX_BYTES {
            return Err(self.too_long());
        }
        // Before a failure, only what follows something already passed on: an unseen start can be retried.
        if failed.is_none() || self.has_begun() {
            self.send(part.freeze()).await?;
        }
        failed.map_or(Ok(()), |error| Err(self.broken(error)))
    }

    async fn send(&mut self, part: Bytes) -> Result<(), EngineError> {
        self.transcript.extend_from_slice(&part);
        self.context.reply.chunk(part).await.map_err(|error| {
            tracing::warn!(%error, "a part of a streamed answer was not passed on");
            EngineError::fail(ErrorCode::Unavailable, "the way to the waiting caller broke")
        })
    }

    /// Takes an event into account; says whether it is passed on.
    fn judge(&mut self, event: &Event) -> Result<bool, EngineError> {
        // A comment keeps this connection alive, not the caller's.
        let Some(data) = &event.data else { return Ok(false) };
        if data == "[DONE]" {
            self.done = true;
            return if self.progress.is_whole() { Ok(true) } else { Err(cut()) };
        }
        if event.is_error {
            return Err(judge_report(data, self.endpoint.key()));
        }
        let chunk = Chunk::parse(data).map_err(|error| {
            tracing::warn!(endpoint = %self.endpoint.name(), %error, "a chunk can not be understood");
            EngineError::retry(
                ErrorCode::UpstreamFailed,
                "the provider's answer can not be understood",
            )
        })?;
        if chunk.is_error() {
            return Err(judge_report(data, self.endpoint.key()));
        }
        self.progress.observe(&chunk);
        self.usage = chunk.usage().or(self.usage.take());
        Ok(self.caller_wants_usage || !chunk.is_usage_only())
    }

    fn has_begun(&self) -> bool {
        self.context.reply.has_sent()
    }

    /// The fate of a failure at this point of the stream.
    fn broken(&self, error: EngineError) -> EngineError {
        let reason = match &error {
            EngineError::Retry { error, .. } | EngineError::Fail(error) => error.message.as_str(),
            EngineError::Snooze { .. } | EngineError::Canceled => "the provider is not ready",
        };
        tracing::warn!(endpoint = %self.endpoint.name(), begun = self.has_begun(), reason, "a stream broke");
        if !self.has_begun() {
            return error;
        }
        EngineError::Fail(JobError::permanent(
            ErrorCode::UpstreamFailed,
            format!("the answer broke off: {reason}"),
        ))
    }

    fn too_long(&self) -> EngineError {
        self.broken(EngineError::fail(
            ErrorCode::UpstreamFailed,
            "the provider's answer is over the limit of 8 MiB",
        ))
    }

    fn into_output(self) -> Result<Output, EngineError> {
        if !self.progress.is_whole() {
            return Err(self.broken(cut()));
        }
        Ok(Output {
            content_type: "text/event-stream".to_owned(),
            body: self.transcript.freeze(),
            artifacts: Vec::new(),
            usage: self.usage,
            load_ms: None,
        })
    }
}

fn cut() -> EngineError {
    EngineError::retry(
        ErrorCode::UpstreamFailed,
        "the provider ended its answer before it was finished",
    )
}

/// Some servers leave the type out; only what names another one is none.
fn is_event_stream(response: &Response) -> bool {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    content_type.is_none_or(|text| {
        let text = text.to_ascii_lowercase();
        !text.starts_with("application/json") && !text.starts_with("text/html")
    })
}

async fn not_a_stream(response: Response, endpoint: &Endpoint) -> EngineError {
    let limit = endpoint.request_timeout();
    let head = tokio::time::timeout(limit, body::read_head(response, 64 * 1024)).await;
    let head = head.unwrap_or_default();
    tracing::warn!(endpoint = %endpoint.name(), "the endpoint did not answer with a stream");
    match Chunk::parse(&head) {
        Ok(chunk) if chunk.is_error() => judge_report(&head, endpoint.key()),
        _ => EngineError::retry(
            ErrorCode::UpstreamFailed,
            "the provider did not answer with a stream",
        ),
    }
}
