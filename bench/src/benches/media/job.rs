//! A media job, from its submit to its answer.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use tokio::time::Instant;

use crate::http::{Connection, request, with_headers};
use crate::system::System;

/// Between the parts of a form.
const BOUNDARY: &str = "millrace-bench-5be1a09f";

/// How long a job may take, and how often one is asked for that goes on after the longest wait.
const PATIENCE: Duration = Duration::from_secs(180);
const LOOK: Duration = Duration::from_millis(50);

/// The same job again and again.
pub(super) struct Job {
    connection: Connection,
    request: Bytes,
    key: String,
}

impl Job {
    /// Uploads the file once, and makes the request of a job on it with these parameters.
    pub(super) async fn prepare(
        system: &System,
        file: &Path,
        operation: &str,
        input: serde_json::Value,
    ) -> anyhow::Result<Self> {
        let mut connection = Connection::new(system.address()?);
        let key = format!("Bearer {}", system.key());
        let mut form = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"source\"\r\n\r\n"
        )
        .into_bytes();
        form.extend(tokio::fs::read(file).await?);
        form.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let length = form.len();
        let head = format!(
            "POST /v1/files HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: {key}\r\n\
             content-type: multipart/form-data; boundary={BOUNDARY}\r\ncontent-length: {length}\r\n\r\n"
        );
        let answer = connection.send(head.as_bytes(), &form).await?.expect(201)?;
        let id = answer.id().context("an upload was answered without an id")?;
        let files = serde_json::json!({"source": {"file_id": id}});
        let body = serde_json::json!({"operation": operation, "input": input, "files": files});
        let body = body.to_string();
        let headers = [("authorization", key.as_str()), ("prefer", "wait=55")];
        let request = with_headers("POST", "/v1/jobs", &headers, body.as_bytes());
        Ok(Self { connection, request, key: system.key().to_owned() })
    }

    /// Runs it to its end, which must be a success, and gives the time that its caller waited.
    pub(super) async fn run(&mut self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let answer = self.connection.call(&self.request).await?;
        // 201: it has ended within the wait; 202: it goes on.
        anyhow::ensure!([201, 202].contains(&answer.status), "answered with {}", answer.status);
        let mut job = answer.json()?;
        let id = job["id"].as_str().context("the answer names no job")?.to_owned();
        let ask = request("GET", &format!("/v1/jobs/{id}"), &self.key, b"");
        while ["queued", "running"].contains(&job["status"].as_str().unwrap_or_default()) {
            anyhow::ensure!(begun.elapsed() < PATIENCE, "a media job did not end in time: {job}");
            tokio::time::sleep(LOOK).await;
            job = self.connection.call(&ask).await?.expect(200)?.json()?;
        }
        let took = begun.elapsed();
        anyhow::ensure!(job["status"] == "succeeded", "a media job ended otherwise: {job}");
        Ok(took)
    }
}
