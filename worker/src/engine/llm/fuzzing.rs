//! Whatever a provider may answer, and whatever a caller may send it.

use common::clock::Timestamp;
use http::header::{HeaderMap, HeaderValue, RETRY_AFTER};

use super::chunk::{Chunk, Progress};
use super::request::{Style, edit as edit_request};
use super::sse::{Event, Parser};
use super::{listing, redact, retry_after, upstream_error};

/// A stream of events does not depend on how its bytes came; the first byte says how they are cut.
pub fn sse(data: &[u8]) {
    let Some((cut, text)) = data.split_first() else { return };
    let whole = parse(text.chunks(text.len().max(1)));
    assert_eq!(parse(text.chunks(usize::from(*cut) % 9 + 1)), whole);
    let raw: Vec<u8> = whole.iter().flat_map(|event| event.raw.to_vec()).collect();
    assert!(raw.starts_with(text) && raw.len() <= text.len() + 2);
    let mut progress = Progress::default();
    for chunk in whole.iter().filter_map(|event| Chunk::parse(event.data.as_ref()?).ok()) {
        progress.observe(&chunk);
        let _ = (chunk.usage(), chunk.is_usage_only(), chunk.is_error());
    }
}

fn parse<'a>(reads: impl Iterator<Item = &'a [u8]>) -> Vec<Event> {
    let mut parser = Parser::new(1 << 20);
    let mut events = Vec::new();
    for read in reads {
        parser.push(read).expect("it is far from the limit");
        events.extend(std::iter::from_fn(|| parser.next()));
    }
    events.extend(parser.finish());
    events
}

/// An answer that is no stream: a list of models, a failure, its text made fit for the caller, a `Retry-After`.
pub fn provider(data: &[u8]) {
    const SECRET: &str = "sk-very-secret-key";
    let _ = listing::parse(data);
    let _ = upstream_error::judge_report(data, Some(SECRET));
    let text = String::from_utf8_lossy(data);
    let told = redact::redact(&text, Some(SECRET));
    assert!(told.len() <= redact::MAX_BYTES && !told.contains(SECRET), "{told}");
    assert!(!told.chars().any(char::is_control), "{told}");
    let Ok(value) = HeaderValue::from_bytes(data) else { return };
    let headers = HeaderMap::from_iter([(RETRY_AFTER, value)]);
    let now = Timestamp::from_micros(1_800_000_000_000_000);
    if let Some(delay) = retry_after::delay(&headers, now) {
        assert!(delay <= retry_after::MAX_DELAY);
    }
}

/// A caller's body with our few changes is still JSON, with the model in it.
pub fn edit(data: &[u8]) {
    for style in [Style::Whole, Style::Stream { ask_usage: true }] {
        let Ok(request) = edit_request(data, "m\"1", style) else { continue };
        let body: serde_json::Value = serde_json::from_slice(&request.body).expect("it is JSON");
        assert_eq!(body["model"], "m\"1");
    }
}
