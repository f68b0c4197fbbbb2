//! A language model whose every answer is known, and that can be made to answer badly. It remembers whom it was asked
//! for, apart from anything that Millrace says.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use futures::stream;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::AbortHandle;

use super::fault::Malady;
use crate::background::background;

/// The one model.
pub(super) const MODEL: &str = "mill";
/// How long an answer takes.
const USUAL: Duration = Duration::from_millis(30);
/// How long it takes when the model dawdles.
const LATE: Duration = Duration::from_secs(2);

/// What the model answers to a text.
pub(super) fn answer_to(text: &str) -> String {
    format!("ground: {text}")
}

/// The model. It serves until it is dropped.
pub(super) struct Upstream {
    address: SocketAddr,
    shared: Arc<Shared>,
    task: AbortHandle,
}

#[derive(Default)]
struct Shared {
    malady: Mutex<Option<Malady>>,
    /// Requests by the job that they name.
    asked: Mutex<BTreeMap<String, usize>>,
    /// Requests that it answered badly.
    spoiled: AtomicU64,
}

impl Upstream {
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let router = Router::new()
            .route("/v1/models", get(models))
            .route("/v1/chat/completions", post(answer))
            .with_state(Arc::clone(&shared));
        let listener = listener.into_std()?;
        let task = background().spawn(async move {
            let Ok(listener) = TcpListener::from_std(listener) else { return };
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { address, shared, task: task.abort_handle() })
    }

    /// Its address, without `/v1`.
    pub(super) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// From now on it answers badly, or well.
    pub(super) fn falls_ill(&self, malady: Option<Malady>) {
        *self.shared.malady.lock().unwrap_or_else(PoisonError::into_inner) = malady;
    }

    /// How many requests it has answered badly.
    pub(super) fn spoiled(&self) -> u64 {
        self.shared.spoiled.load(Ordering::Relaxed)
    }

    /// How often it was asked for each job.
    pub(super) fn asked(&self) -> BTreeMap<String, usize> {
        self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn models() -> Json<Value> {
    Json(json!({"object": "list", "data": [{"id": MODEL, "object": "model"}]}))
}

async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let job = headers.get("idempotency-key").and_then(|value| value.to_str().ok());
    if let Some(job) = job {
        let mut asked = shared.asked.lock().unwrap_or_else(PoisonError::into_inner);
        *asked.entry(job.to_owned()).or_default() += 1;
    }
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let text = answer_to(body["messages"][0]["content"].as_str().unwrap_or_default());
    let streams = body["stream"] == true;
    let malady = *shared.malady.lock().unwrap_or_else(PoisonError::into_inner);
    if malady.is_some() {
        shared.spoiled.fetch_add(1, Ordering::Relaxed);
    }
    match malady {
        Some(Malady::Fails) => return StatusCode::INTERNAL_SERVER_ERROR.into_response(),
        Some(Malady::Limits) => {
            return (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "1")], "{}").into_response();
        }
        Some(Malady::Babbles) => {
            let head = [("content-type", "application/json")];
            return (head, "<html>not what you expect</html>").into_response();
        }
        Some(Malady::Dawdles) => tokio::time::sleep(LATE).await,
        Some(Malady::Cuts) | None => tokio::time::sleep(USUAL).await,
    }
    let parts = if streams { chunks(&text) } else { halves(&whole(&text)) };
    let kind = if streams { "text/event-stream" } else { "application/json" };
    let half = parts.len() / 2;
    let mut parts: Vec<Result<Bytes, std::io::Error>> =
        parts.into_iter().map(|part| Ok(Bytes::from(part))).collect();
    if malady == Some(Malady::Cuts) {
        parts.truncate(half);
        parts.push(Err(std::io::Error::other("the answer breaks off here")));
    }
    let body = Body::from_stream(stream::unfold(parts.into_iter(), |mut parts| async {
        let part = parts.next()?;
        // Each part leaves on its own.
        tokio::time::sleep(Duration::from_millis(5)).await;
        Some((part, parts))
    }));
    ([("content-type", kind)], body).into_response()
}

fn whole(text: &str) -> String {
    json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": MODEL,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 3, "completion_tokens": 5, "total_tokens": 8}
    })
    .to_string()
}

fn halves(text: &str) -> Vec<String> {
    let (first, second) = text.split_at(text.len() / 2);
    vec![first.to_owned(), second.to_owned()]
}

/// The text a few letters at a time, as server-sent events.
fn chunks(text: &str) -> Vec<String> {
    let chunk = |delta: Value, finish: Option<&str>| {
        let chunk = json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": MODEL,
            "choices": [{"index": 0, "delta": delta, "finish_reason": finish}],
        });
        format!("data: {chunk}\n\n")
    };
    let letters: Vec<char> = text.chars().collect();
    let tokens = letters.chunks(4).map(|token| token.iter().collect::<String>());
    let mut parts: Vec<_> = tokens.map(|token| chunk(json!({"content": token}), None)).collect();
    parts.push(chunk(json!({}), Some("stop")));
    parts.push("data: [DONE]\n\n".to_owned());
    parts
}

/// The text of a chat answer, whole.
pub(super) fn text_of(answer: &Value) -> &str {
    answer["choices"][0]["message"]["content"].as_str().unwrap_or_default()
}

/// What a stream of chat events says: its text, and whether it came to its end.
pub(super) fn text_of_stream(body: &str) -> (String, bool) {
    let (mut text, mut done) = (String::new(), false);
    for line in body.lines().filter_map(|line| line.strip_prefix("data: ")) {
        if line == "[DONE]" {
            done = true;
            continue;
        }
        let chunk: Value = serde_json::from_str(line).unwrap_or_default();
        text.push_str(chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default());
    }
    (text, done)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_says_what_the_whole_answer_says() {
        let text = answer_to("marker 7");
        let (streamed, done) = text_of_stream(&chunks(&text).concat());
        assert_eq!((streamed.as_str(), done), (text.as_str(), true));
        let answer: Value = serde_json::from_str(&halves(&whole(&text)).concat()).unwrap();
        assert_eq!(text_of(&answer), text);
        let broken = &chunks(&text)[..3];
        assert!(!text_of_stream(&broken.concat()).1);
    }
}
