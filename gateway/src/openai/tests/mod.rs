//! The OpenAI-shaped routes against a worker whose every step the test takes.

mod call;
mod outage;
mod stream;
mod styles;

use std::time::Duration;

use common::job::{JobId, JobState};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::testing::TestGateway;

const CHAT: &str = "/v1/chat/completions";

fn chat(gateway: &TestGateway, body: &Value) -> RequestBuilder {
    gateway.request(Method::POST, CHAT).bearer_auth(&gateway.admin_key).json(body)
}

fn hello(stream: bool) -> Value {
    json!({ "model": "tiny", "messages": [{ "role": "user", "content": "hi" }], "stream": stream })
}

fn job_id(headers: &http::HeaderMap) -> JobId {
    headers["x-millrace-job"].to_str().unwrap().parse().unwrap()
}

/// Waits until the job's terminal event stands.
async fn end_of(gateway: &TestGateway, job: JobId) -> JobState {
    let until = tokio::time::Instant::now() + Duration::from_secs(5);
    loop {
        let last = gateway.parts.bus.events().last(job).await.unwrap();
        match last {
            Some(stored) if stored.event.is_terminal() => return stored.event.state,
            _ => assert!(tokio::time::Instant::now() < until, "the job did not end"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
