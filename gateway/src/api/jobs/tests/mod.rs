//! `/v1/jobs` against a real broker and a worker whose every step the test takes.

mod batch;
mod dead;
mod end;
mod follow;
mod records;
mod submit;
mod wrong;

use common::job::{JobEvent, JobId};
use common::records::Position;
use futures::TryStreamExt;
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use crate::testing::TestGateway;

/// Submits an echo job and returns it.
async fn submit_echo(gateway: &TestGateway, key: &str) -> Value {
    let body = json!({ "operation": "diagnostic.echo", "input": { "n": 1 } });
    gateway.post(key, "/v1/jobs", &body).await.expect(202)
}

fn id(job: &Value) -> JobId {
    job["id"].as_str().unwrap().parse().unwrap()
}

fn path(job: &Value) -> String {
    job["links"]["self"].as_str().unwrap().to_owned()
}

/// Records events as a keeper does.
async fn record(gateway: &TestGateway, events: &[JobEvent]) {
    let now = gateway.parts.clock.now();
    let position =
        Position { stream: "JOB_EVENTS".to_owned(), stream_created: now, floor: 0, high: 1_000 };
    gateway.records.apply_events(&position, events, now).await.unwrap();
}

/// The keys of all objects that belong to jobs.
async fn keys(gateway: &TestGateway) -> Vec<String> {
    let listed = gateway.parts.objects.list("jobs", None).map_ok(|object| object.key);
    listed.try_collect().await.unwrap()
}

/// A multipart form of texts and files; a file has a name.
fn form(request: RequestBuilder, parts: &[(&str, Option<&str>, &[u8])]) -> RequestBuilder {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        let file = file.map_or_else(String::new, |file| format!("; filename=\"{file}\""));
        let head =
            format!("--xyz\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--xyz--\r\n");
    request.header("content-type", "multipart/form-data; boundary=xyz").body(body)
}
