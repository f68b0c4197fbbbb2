//! The engine against a scripted upstream: what passes, what fails and how, and that nobody is left waiting.

mod discovering;
mod llama;
mod streaming;
#[expect(unreachable_pub, reason = "the same files are public in the member crate `tests`")]
#[path = "../../../../../tests/src/upstream/mod.rs"]
pub(crate) mod upstream;
mod whole;

use std::time::Duration;

use common::error_code::ErrorCode;

use super::discovery::refresh;
use super::{EndpointOptions, LlmEngine};
use crate::engine::{Engine, EngineError, Output, RunContext, testing};
use upstream::Upstream;

const MODEL: &str = "tiny";
const CHAT: &str = r#"{"model":"tiny","messages":[{"role":"user","content":"hi"}]}"#;

/// An engine over these upstreams that has asked each for its models once.
async fn engine(upstreams: &[&Upstream], adjust: impl Fn(&mut EndpointOptions)) -> LlmEngine {
    common::telemetry::install_crypto();
    let options = upstreams.iter().map(|upstream| {
        let mut options = EndpointOptions::new(upstream.url());
        adjust(&mut options);
        options
    });
    let engine = LlmEngine::new(options.collect()).unwrap();
    discover(&engine).await;
    engine
}

async fn discover(engine: &LlmEngine) {
    for endpoint in engine.endpoints.iter() {
        refresh(endpoint, &engine.client).await;
    }
}

/// An upstream with the model, and an engine over it.
async fn pair() -> (Upstream, LlmEngine) {
    let upstream = Upstream::start(&[MODEL]).await;
    let engine = engine(&[&upstream], |_| {}).await;
    (upstream, engine)
}

/// As [`pair`], with waits that a test can sit out.
async fn impatient_pair() -> (Upstream, LlmEngine) {
    let upstream = Upstream::start(&[MODEL]).await;
    let engine = engine(&[&upstream], |options| {
        options.request_timeout = Duration::from_millis(300);
        options.idle_timeout = Duration::from_millis(300);
    })
    .await;
    (upstream, engine)
}

/// A chat without and with a caller who waits for the stream.
fn chat() -> RunContext {
    testing::context("chat", MODEL, CHAT, false)
}

fn streamed_chat() -> RunContext {
    testing::context("chat", MODEL, r#"{"model":"tiny","messages":[],"stream":true}"#, true)
}

fn text(output: &Output) -> &str {
    std::str::from_utf8(&output.body).unwrap()
}

fn retried(outcome: Result<Output, EngineError>) -> (ErrorCode, Option<Duration>) {
    match outcome {
        Err(EngineError::Retry { error, after }) => (error.code, after),
        other => panic!("expected a retry, got {other:?}"),
    }
}

fn failed(outcome: Result<Output, EngineError>) -> (ErrorCode, String) {
    match outcome {
        Err(EngineError::Fail(error)) => (error.code, error.message),
        other => panic!("expected a failure, got {other:?}"),
    }
}

/// Cancels the run once the upstream has been asked, and expects both ends to be free within a second.
async fn cancel_frees_the_connection(
    upstream: &Upstream,
    engine: &LlmEngine,
    context: &RunContext,
) {
    let canceller = async {
        upstream.asked_times(1).await;
        context.cancel.cancel();
        let start = tokio::time::Instant::now();
        upstream.clients_left(1).await;
        start.elapsed()
    };
    let (outcome, took) = tokio::join!(engine.run(context), canceller);
    assert!(matches!(outcome, Err(EngineError::Canceled)));
    assert!(took < Duration::from_secs(1), "it took {took:?}");
}
