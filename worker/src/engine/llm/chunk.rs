//! What one chunk of a streamed answer says, read leniently: only what the engine itself depends on.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;

/// One chunk.
#[derive(Debug, Deserialize)]
pub(super) struct Chunk<'a> {
    #[serde(borrow, default)]
    choices: Option<Vec<Choice<'a>>>,
    #[serde(borrow, default)]
    usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    error: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
struct Choice<'a> {
    #[serde(default)]
    index: Option<u64>,
    #[serde(borrow, default)]
    finish_reason: Option<&'a RawValue>,
}

impl<'a> Chunk<'a> {
    /// Reads the data of an event.
    pub(super) fn parse(data: &'a [u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(data)
    }

    /// What the answer cost, when this chunk says so.
    pub(super) fn usage(&self) -> Option<Arc<RawValue>> {
        self.usage.map(|usage| Arc::from(usage.to_owned()))
    }

    /// Whether it says what the answer cost and nothing else.
    pub(super) fn is_usage_only(&self) -> bool {
        self.usage.is_some() && self.choices.as_ref().is_none_or(Vec::is_empty)
    }

    /// Whether the provider reports a failure in place of an answer.
    pub(super) fn is_error(&self) -> bool {
        self.error.is_some()
    }
}

/// Which choices have begun and which have their end: a stream is whole when each that began has a finish reason.
#[derive(Debug, Default)]
pub(super) struct Progress {
    open: BTreeSet<u64>,
    finished: BTreeSet<u64>,
}

impl Progress {
    /// Takes a chunk into account.
    pub(super) fn observe(&mut self, chunk: &Chunk<'_>) {
        for choice in chunk.choices.iter().flatten() {
            let index = choice.index.unwrap_or(0);
            if choice.is_finished() {
                self.finished.insert(index);
                self.open.remove(&index);
            } else if !self.finished.contains(&index) {
                self.open.insert(index);
            }
        }
    }

    /// Whether nothing of the answer is missing.
    pub(super) fn is_whole(&self) -> bool {
        self.open.is_empty() && !self.finished.is_empty()
    }
}

impl Choice<'_> {
    /// Some servers write an empty reason on every chunk until the last.
    fn is_finished(&self) -> bool {
        self.finish_reason.is_some_and(|reason| !matches!(reason.get(), "null" | "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(chunks: &[&str]) -> Progress {
        let mut progress = Progress::default();
        for chunk in chunks {
            progress.observe(&Chunk::parse(chunk.as_bytes()).unwrap());
        }
        progress
    }

    #[test]
    fn a_stream_is_whole_when_every_choice_has_its_end() {
        let begun = r#"{"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}"#;
        let second = r#"{"choices":[{"index":1,"delta":{"content":"b"},"finish_reason":""}]}"#;
        let end = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"eos"}]}"#;
        assert!(!progress(&[]).is_whole());
        assert!(!progress(&[begun]).is_whole());
        assert!(progress(&[begun, end]).is_whole());
        assert!(!progress(&[begun, second, end]).is_whole());
        assert!(progress(&[end, begun]).is_whole(), "what follows the end does not open it again");
    }

    #[test]
    fn usage_is_told_from_content() {
        let usage = Chunk::parse(br#"{"choices":[],"usage":{"total_tokens":3}}"#).unwrap();
        assert!(usage.is_usage_only());
        assert_eq!(usage.usage().unwrap().get(), r#"{"total_tokens":3}"#);
        let filters =
            Chunk::parse(br#"{"choices":[],"prompt_filter_results":[],"usage":null}"#).unwrap();
        assert!(!filters.is_usage_only());
        let both = Chunk::parse(br#"{"choices":[{"finish_reason":"stop"}],"usage":{}}"#).unwrap();
        assert!(!both.is_usage_only());
        assert!(both.usage().is_some());
    }

    #[test]
    fn strange_fields_do_no_harm() {
        let chunk =
            br#"{"created":1.5,"choices":[{"delta":{"tool_calls":[{"x":1}]}}],"service_tier":"s"}"#;
        assert!(!Chunk::parse(chunk).unwrap().is_error());
        assert!(Chunk::parse(br#"{"error":{"message":"out of memory"}}"#).unwrap().is_error());
        assert!(Chunk::parse(b"garbage").is_err());
    }
}
