//! The model behind the demo's chat: a real HTTP endpoint that speaks the OpenAI protocol and says what it was told
//! to say, so that the demo needs no model weights and no account.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::failure::Failure;

/// What it always says.
const ANSWER: &[&str] =
    &["Water", " turns", " the", " wheel,", " and", " the", " wheel", " does", " the", " work."];
/// How long each word takes.
const PACE: Duration = Duration::from_millis(60);

/// The model of the demo.
pub(super) struct Model {
    url: String,
    server: Option<JoinHandle<()>>,
}

impl Model {
    /// Starts the scripted one.
    pub(super) async fn start() -> Result<Self, Failure> {
        let router = Router::new()
            .route("/v1/models", get(models))
            .route("/v1/chat/completions", post(chat));
        let (url, server) = super::receiver::listen(router).await?;
        Ok(Self { url, server: Some(server) })
    }

    /// One that runs already.
    pub(super) fn outside(url: &str) -> Self {
        Self { url: url.to_owned(), server: None }
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// What answered, in words.
    pub(super) fn describe(&self) -> String {
        match self.server {
            Some(_) => "a scripted model that the demo brings along (give your own with --llm URL)"
                .to_owned(),
            None => format!("the model at {}", self.url),
        }
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        if let Some(server) = &self.server {
            server.abort();
        }
    }
}

async fn models() -> Json<Value> {
    Json(
        json!({"object": "list", "data": [{"id": "scripted", "object": "model", "owned_by": "millrace"}]}),
    )
}

async fn chat(Json(body): Json<Value>) -> Response {
    if body["stream"].as_bool() != Some(true) {
        let message = json!({"role": "assistant", "content": ANSWER.concat()});
        return Json(json!({
            "id": "demo", "object": "chat.completion", "model": "scripted",
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 5, "completion_tokens": ANSWER.len(), "total_tokens": 5 + ANSWER.len()},
        }))
        .into_response();
    }
    let words = ANSWER.iter().map(|word| chunk(&json!({"content": word}), None));
    let end = [chunk(&json!({}), Some("stop")), "data: [DONE]\n\n".to_owned()];
    let events = futures::stream::iter(words.chain(end)).then(|event| async move {
        tokio::time::sleep(PACE).await;
        Ok::<_, Infallible>(Bytes::from(event))
    });
    ([("content-type", "text/event-stream")], Body::from_stream(events)).into_response()
}

fn chunk(delta: &Value, finish: Option<&str>) -> String {
    let choice = json!({"index": 0, "delta": delta, "finish_reason": finish});
    let event = json!({
        "id": "demo", "object": "chat.completion.chunk", "model": "scripted", "choices": [choice],
    });
    format!("data: {event}\n\n")
}
