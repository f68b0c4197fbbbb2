//! The cheapest client that does the work: one connection kept alive, requests serialised before the clock starts,
//! answers parsed in place. The load shares the cores with what it loads, so every microsecond here is taken there.

mod body;
mod request;

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use self::body::{Framing, Step};
pub(crate) use self::request::{request, with_headers};

/// The longest wait for a connection, and for the next bytes of an answer.
const PATIENCE: Duration = Duration::from_secs(60);
/// The most headers of an answer.
const MAX_HEADERS: usize = 64;
/// The largest head of an answer.
const MAX_HEAD: usize = 64 * 1024;

/// Room for what is read at once: of answers, and of bodies that are large.
const ROOM: usize = 4 * 1024;
const LARGE_ROOM: usize = 256 * 1024;

/// One connection. It is made at the first call, and made again after the server has closed it.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: Option<TcpStream>,
    buffer: BytesMut,
    framing: Framing,
    keep: bool,
    room: usize,
}

/// A whole answer.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The status code.
    pub(crate) status: u16,
    /// The body without its framing.
    pub(crate) body: Bytes,
}

impl Answer {
    /// The first `id` of the body: of a job, when the body is one.
    pub(crate) fn id(&self) -> Option<&str> {
        let text = std::str::from_utf8(&self.body).ok()?;
        let (_, rest) = text.split_once("\"id\":\"")?;
        rest.split_once('"').map(|(id, _)| id)
    }

    /// The `id` of every job of the body.
    pub(crate) fn ids(&self) -> impl Iterator<Item = String> + use<'_> {
        let text = std::str::from_utf8(&self.body).unwrap_or_default();
        let ids = text.split("\"id\":\"").skip(1);
        ids.filter_map(|rest| rest.split_once('"').map(|(id, _)| id.to_owned()))
    }

    /// The body as JSON, or why it is none.
    pub(crate) fn json(&self) -> anyhow::Result<serde_json::Value> {
        Ok(serde_json::from_slice(&self.body)?)
    }

    /// Itself when it has this status; else an error that shows the body.
    pub(crate) fn expect(self, status: u16) -> anyhow::Result<Self> {
        if self.status == status {
            return Ok(self);
        }
        let text = String::from_utf8_lossy(&self.body);
        let shown: String = text.chars().take(300).collect();
        anyhow::bail!("answered with {} instead of {status}: {shown}", self.status)
    }
}

impl Connection {
    /// A connection that is not made yet.
    pub(crate) fn new(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
            buffer: BytesMut::with_capacity(8 * 1024),
            framing: Framing::Length(0),
            keep: true,
            room: ROOM,
        }
    }

    /// Sends a request and reads the whole answer.
    pub(crate) async fn call(&mut self, request: &[u8]) -> io::Result<Answer> {
        let status = self.open(request).await?;
        let mut body = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            if body.is_empty() {
                // Nearly every answer is one chunk: it is taken as it is, without a copy.
                body = chunk.try_into_mut().unwrap_or_else(|chunk| BytesMut::from(&chunk[..]));
            } else {
                body.extend_from_slice(&chunk);
            }
        }
        Ok(Answer { status, body: body.freeze() })
    }

    /// Sends a request in two pieces, which need not be copied into one, and reads the whole answer.
    pub(crate) async fn send(&mut self, head: &[u8], body: &[u8]) -> io::Result<Answer> {
        self.connect().await?;
        if let Some(stream) = &mut self.stream {
            let sent = tokio::time::timeout(PATIENCE, stream.write_all(head)).await;
            if !matches!(sent, Ok(Ok(()))) {
                self.stream = None;
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
        self.call(body).await
    }

    /// Reads the body of the answer to its end and keeps nothing of it; gives its size.
    pub(crate) async fn skip_body(&mut self) -> io::Result<usize> {
        let mut bytes = 0;
        // Large pieces, or this client would be slower than what it measures.
        self.room = LARGE_ROOM;
        while let Some(chunk) = self.chunk().await? {
            bytes += chunk.len();
        }
        self.room = ROOM;
        Ok(bytes)
    }

    /// Sends a request and reads the head of the answer; its body follows by [`Self::chunk`].
    pub(crate) async fn open(&mut self, request: &[u8]) -> io::Result<u16> {
        let opened = tokio::time::timeout(PATIENCE, self.exchange(request)).await;
        let opened = opened.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        if opened.is_err() {
            self.stream = None;
        }
        opened
    }

    /// The next part of the body as it arrives; `None` at its end.
    pub(crate) async fn chunk(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            match self.framing.step(&mut self.buffer)? {
                Step::Data(bytes) => return Ok(Some(bytes)),
                Step::End => {
                    if !self.keep {
                        self.stream = None;
                    }
                    return Ok(None);
                }
                Step::More => {
                    let filled = tokio::time::timeout(PATIENCE, self.fill()).await;
                    let filled = filled.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
                    if let Err(error) = filled {
                        self.stream = None;
                        if error.kind() == io::ErrorKind::UnexpectedEof
                            && self.framing.ends_with_connection()
                        {
                            return Ok(None);
                        }
                        return Err(error);
                    }
                }
            }
        }
    }

    async fn connect(&mut self) -> io::Result<()> {
        if self.stream.is_none() {
            let stream = TcpStream::connect(self.address).await?;
            stream.set_nodelay(true)?;
            self.stream = Some(stream);
            self.buffer.clear();
        }
        Ok(())
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<u16> {
        self.connect().await?;
        if let Some(stream) = &mut self.stream {
            stream.write_all(request).await?;
        }
        loop {
            if let Some(status) = self.head()? {
                return Ok(status);
            }
            self.fill().await?;
        }
    }

    async fn fill(&mut self) -> io::Result<()> {
        let Some(stream) = &mut self.stream else { return Err(io::ErrorKind::NotConnected.into()) };
        self.buffer.reserve(self.room);
        match stream.read_buf(&mut self.buffer).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Takes the head of an answer off the buffer when it is complete.
    fn head(&mut self) -> io::Result<Option<u16>> {
        let mut headers = [httparse::EMPTY_HEADER; MAX_HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let parsed = response.parse(&self.buffer).map_err(io::Error::other)?;
        let httparse::Status::Complete(length) = parsed else {
            if self.buffer.len() > MAX_HEAD {
                return Err(io::Error::other("the head of the answer has no end"));
            }
            return Ok(None);
        };
        let status = response.code.unwrap_or_default();
        let value = |name: &str| {
            let header =
                response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
            header.and_then(|header| std::str::from_utf8(header.value).ok())
        };
        self.framing = Framing::of(status, value("transfer-encoding"), value("content-length"));
        self.keep = !value("connection").is_some_and(|value| value.eq_ignore_ascii_case("close"));
        self.buffer.advance(length);
        Ok(Some(status))
    }
}
