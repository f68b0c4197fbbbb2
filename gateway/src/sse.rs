//! Server-sent events, byte for byte.

use std::borrow::Cow;
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

/// An event. Data of several lines, as a provider may write its JSON, is one data line for each of them.
pub(crate) fn event(id: Option<u64>, name: &str, data: &str) -> Bytes {
    use std::fmt::Write as _;
    let mut text = id.map_or_else(String::new, |id| format!("id: {id}\n"));
    let _ = writeln!(text, "event: {name}");
    let data = if data.contains('\r') {
        Cow::Owned(data.replace("\r\n", "\n").replace('\r', "\n"))
    } else {
        Cow::Borrowed(data)
    };
    for line in data.split('\n') {
        let _ = writeln!(text, "data: {line}");
    }
    text.push('\n');
    Bytes::from(text)
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
    use proptest::prelude::*;

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

    /// What a client reads: the data of the events, by the rules of the HTML standard.
    fn read(stream: &str) -> Vec<String> {
        let stream = stream.replace("\r\n", "\n").replace('\r', "\n");
        let events = stream.split("\n\n").filter(|event| !event.is_empty());
        let data = events.map(|event| {
            let lines = event.lines().filter_map(|line| line.strip_prefix("data: "));
            lines.collect::<Vec<_>>().join("\n")
        });
        data.collect()
    }

    proptest! {
        /// A provider may write its JSON on several lines, and its answer stands in an event as it was written.
        #[test]
        fn data_of_several_lines_is_still_one_event(data in "([^\\x00]|\r|\n){0,20}", id in any::<Option<u64>>()) {
            let sent = event(id, "job.succeeded", &data);
            let told = data.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(read(std::str::from_utf8(&sent).unwrap()), [told]);
            let mut boundary = Boundary::default();
            boundary.note(&sent);
            prop_assert!(boundary.is_between());
        }

        #[test]
        fn the_place_between_events_does_not_depend_on_the_parts(
            text in "(a|\r|\n){1,12}",
            cut in any::<proptest::sample::Index>(),
        ) {
            let (head, tail) = text.as_bytes().split_at(cut.index(text.len()));
            let (mut parts, mut whole) = (Boundary::default(), Boundary::default());
            parts.note(head);
            parts.note(tail);
            whole.note(text.as_bytes());
            prop_assert_eq!(parts.is_between(), whole.is_between());
            prop_assert_eq!(whole.is_between(), text.ends_with("\n\n") || text.ends_with("\r\n\r\n"));
        }
    }
}
