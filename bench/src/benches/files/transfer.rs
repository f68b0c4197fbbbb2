//! Moving bytes.

use std::net::SocketAddr;

use anyhow::Context as _;
use bytes::Bytes;
use tokio::time::Instant;

use super::Subject;
use crate::http::Connection;
use crate::load::Operation;

/// Between the parts of a form.
const BOUNDARY: &str = "millrace-bench-8f0b5d1c";

/// Uploads the same bytes again and again, each time as a new file.
pub(super) struct Upload {
    connection: Connection,
    head: UploadHead,
    body: Bytes,
    count: u64,
}

/// What differs from upload to upload.
struct UploadHead {
    key: String,
    caller: String,
    length: usize,
}

/// Downloads in turn what these requests ask for.
pub(super) struct Download {
    connection: Connection,
    requests: Vec<Bytes>,
    status: u16,
    bytes: usize,
    next: usize,
}

impl Upload {
    /// A caller of its own; `body` as [`body`] gives it.
    pub(super) fn new(subject: &Subject, caller: usize, body: &Bytes, bytes: usize) -> Self {
        let head = UploadHead {
            key: subject.key.clone(),
            caller: format!("{caller}-{bytes}"),
            length: body.len(),
        };
        let connection = Connection::new(subject.address);
        Self { connection, head, body: body.clone(), count: 0 }
    }
}

impl Operation for Upload {
    async fn run(&mut self, _: Instant) -> anyhow::Result<u64> {
        self.count += 1;
        let head = self.head.text(self.count);
        self.connection.send(head.as_bytes(), &self.body).await?.expect(201)?;
        Ok(1)
    }
}

impl Download {
    /// Each answer must have this status and so many bytes.
    pub(super) fn new(
        address: SocketAddr,
        requests: Vec<Bytes>,
        status: u16,
        bytes: usize,
    ) -> Self {
        Self { connection: Connection::new(address), requests, status, bytes, next: 0 }
    }
}

impl Operation for Download {
    async fn run(&mut self, _: Instant) -> anyhow::Result<u64> {
        let request = &self.requests[self.next % self.requests.len()];
        self.next += 1;
        let status = self.connection.open(request).await?;
        let bytes = self.connection.skip_body().await?;
        anyhow::ensure!(
            status == self.status && bytes == self.bytes,
            "answered with {status} and {bytes} bytes instead of {} and {}",
            self.status,
            self.bytes
        );
        Ok(1)
    }
}

impl UploadHead {
    fn text(&self, count: u64) -> String {
        let (key, caller, length) = (&self.key, &self.caller, self.length);
        // nginx takes files by name, and knows no forms.
        if key.is_empty() {
            return format!(
                "PUT /{caller}-{count} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: {length}\r\n\r\n"
            );
        }
        format!(
            "POST /v1/files HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {key}\r\n\
             content-type: multipart/form-data; boundary={BOUNDARY}\r\ncontent-length: {length}\r\n\r\n"
        )
    }
}

/// The body of an upload: the bytes of a file that can not be compressed, and what comes around them.
pub(super) fn body(subject: &Subject, bytes: usize) -> Bytes {
    let form = !subject.key.is_empty();
    let mut body = Vec::with_capacity(bytes + 512);
    if form {
        let start = format!(
            "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.bin\"\r\n\
             content-type: application/octet-stream\r\n\r\n"
        );
        body.extend_from_slice(start.as_bytes());
    }
    // A generator of Marsaglia's: good enough for bytes that nobody guesses, and the same in every run.
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let end = body.len() + bytes;
    while body.len() < end {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        let left = end - body.len();
        body.extend_from_slice(&state.to_le_bytes()[..left.min(8)]);
    }
    if form {
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
    }
    body.into()
}

/// Uploads one file and tells where its content is.
pub(super) async fn upload_once(
    subject: &Subject,
    body: &Bytes,
    bytes: usize,
) -> anyhow::Result<String> {
    let mut upload = Upload::new(subject, usize::MAX, body, bytes);
    let head = upload.head.text(0);
    let answer = upload.connection.send(head.as_bytes(), body).await?.expect(201)?;
    if subject.key.is_empty() {
        return Ok(format!("/{}-0", upload.head.caller));
    }
    let id = answer.id().context("an upload was answered without an id")?;
    Ok(format!("/v1/files/{id}/content"))
}

/// A request for a file or a part of it, first and last byte included.
pub(super) fn head(subject: &Subject, path: &str, part: Option<(usize, usize)>) -> Bytes {
    let mut headers = vec![("authorization", format!("Bearer {}", subject.key))];
    if let Some((first, last)) = part {
        headers.push(("range", format!("bytes={first}-{last}")));
    }
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    crate::http::with_headers("GET", path, &headers, b"")
}
