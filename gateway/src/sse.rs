//! Server-sent events, byte for byte.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};

/// How often a silent stream says that it lives; proxies cut connections that are silent for a minute.
pub(crate) const KEEPALIVE: Duration = Duration::from_secs(10);

/// The media type.
pub(crate) const MEDIA_TYPE: &str = "text/event-stream";

/// An answer that grows: never stored, never held back by a proxy.
pub(crate) fn response(body: Body) -> Response {
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

/// An event. `data` has no line breaks, as JSON on one line has none.
pub(crate) fn event(id: Option<u64>, name: &str, data: &str) -> Bytes {
    let id = id.map_or_else(String::new, |id| format!("id: {id}\n"));
    Bytes::from(format!("{id}event: {name}\ndata: {data}\n\n"))
}

/// A sign of life that clients read over.
pub(crate) fn comment() -> Bytes {
    Bytes::from_static(b": keep-alive\n\n")
}

/// Knows whether a stream of bytes stands between two events, so that something may be put there.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Boundary {
    /// The last four bytes, the latest lowest; 0 before the first.
    last: u32,
}

impl Boundary {
    /// Notes bytes that were sent.
    pub(crate) fn note(&mut self, bytes: &[u8]) {
        for byte in &bytes[bytes.len().saturating_sub(4)..] {
            self.last = (self.last << 8) | u32::from(*byte);
        }
    }

    /// Whether nothing was sent, or the last event is complete.
    pub(crate) fn is_between(self) -> bool {
        self.last == 0
            || self.last.to_be_bytes().ends_with(b"\n\n")
            || self.last.to_be_bytes() == *b"\r\n\r\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_ends_with_an_empty_line() {
        assert_eq!(event(Some(3), "job.started", "{}"), "id: 3\nevent: job.started\ndata: {}\n\n");
        assert_eq!(event(None, "job.progress", "{}"), "event: job.progress\ndata: {}\n\n");
    }

    #[test]
    fn the_place_between_events_is_known_across_parts() {
        let mut boundary = Boundary::default();
        assert!(boundary.is_between());
        boundary.note(b"data: {}\n");
        assert!(!boundary.is_between());
        boundary.note(b"\n");
        assert!(boundary.is_between());
        boundary.note(b"data: 1\r\n\r");
        assert!(!boundary.is_between());
        boundary.note(b"\n");
        assert!(boundary.is_between());
    }
}
