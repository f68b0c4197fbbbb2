//! A media job, from its submit to its answer.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use tokio::time::Instant;

use crate::http::{Connection, with_headers};
use crate::system::System;

/// Between the parts of a form.
const BOUNDARY: &str = "millrace-bench-5be1a09f";

/// The same job again and again.
pub(super) struct Job {
    connection: Connection,
    request: Bytes,
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
        Ok(Self { connection, request })
    }

    /// Runs it to its end, which must be a success, and gives the time that its caller waited.
    pub(super) async fn run(&mut self) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let answer = self.connection.call(&self.request).await?.expect(201)?.json()?;
        let took = begun.elapsed();
        anyhow::ensure!(answer["status"] == "succeeded", "a media job ended otherwise: {answer}");
        Ok(took)
    }
}
