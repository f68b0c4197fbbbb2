//! The first call style: answered now.

use std::time::Duration;

use futures::StreamExt as _;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::line;
use super::scripted_model::Model;
use super::service::{Service, send, send_json};
use crate::failure::Failure;
use crate::output::{say, say_part, text};

/// How long the model may take to be discovered.
const PATIENCE: Duration = Duration::from_secs(30);

/// Tells of a streamed chat; returns what answered, in words.
pub(super) async fn tell(service: &Service, model: &Model) -> Result<String, Failure> {
    let name = first_model(service).await?;
    let messages = json!([{"role": "user", "content": "What does a millrace do?"}]);
    let body = json!({"model": name, "messages": messages, "stream": true});
    line(&format!("POST /v1/chat/completions  model={name} stream=true"));
    let asked = Instant::now();
    let response = send(service.post("/v1/chat/completions").json(&body)).await?;
    say_part("   ");
    let (mut events, mut buffer) = (response.bytes_stream(), String::new());
    let (mut first, mut finish) = (None, String::new());
    while let Some(part) = events.next().await {
        let part = part.map_err(|error| Failure::general(format!("the stream broke: {error}")))?;
        buffer.push_str(&String::from_utf8_lossy(&part));
        while let Some((event, rest)) = buffer.split_once("\n\n") {
            let chunk: Value = event
                .strip_prefix("data: ")
                .and_then(|data| serde_json::from_str(data).ok())
                .unwrap_or_default();
            let word = text(&chunk, "/choices/0/delta/content");
            if !word.is_empty() {
                first.get_or_insert_with(|| asked.elapsed());
                say_part(&word);
            }
            finish.push_str(&text(&chunk, "/choices/0/finish_reason"));
            buffer = rest.to_owned();
        }
    }
    say("");
    let first = first.ok_or_else(|| Failure::general("the model said nothing"))?;
    line(&format!(
        "first word after {} ms, end after {} ms, finish_reason={finish}",
        first.as_millis(),
        asked.elapsed().as_millis()
    ));
    Ok(model.describe())
}

/// The first model that can chat; the worker discovers them at its start.
async fn first_model(service: &Service) -> Result<String, Failure> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        let models = send_json(service.get("/v1/models")).await?;
        let names = models["data"].as_array().into_iter().flatten().map(|model| text(model, "/id"));
        let mut chatty = names.filter(|name| name != "ffmpeg" && name != "diagnostic");
        if let Some(name) = chatty.next() {
            return Ok(name);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Err(Failure::general("the endpoint lists no model"))
}
