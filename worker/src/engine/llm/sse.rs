//! Server-sent events, taken apart at byte level: line ends of every kind, comments, data over several lines, and
//! reads that cut a line or a character anywhere.

use bytes::{Bytes, BytesMut};

/// One complete event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Event {
    /// Its bytes as they came, with the blank line that ends it.
    pub(super) raw: Bytes,
    /// What its `data` lines say, joined by line feeds; `None` when it has none (a comment, a keep-alive).
    pub(super) data: Option<Bytes>,
    /// Whether it calls itself an error: `event: error`, or an `error:` line as old llama.cpp servers write.
    pub(super) is_error: bool,
}

/// An event did not end within the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EventTooLong;

/// Cuts a byte stream into events.
#[derive(Debug)]
pub(super) struct Parser {
    buffer: BytesMut,
    /// Up to here the buffer holds whole lines, none of them blank.
    scanned: usize,
    limit: usize,
}

impl Parser {
    /// A parser that holds at most `limit` bytes of an unfinished event.
    pub(super) fn new(limit: usize) -> Self {
        Self { buffer: BytesMut::new(), scanned: 0, limit }
    }

    /// Takes what was read. Call [`Self::next`] until it has no more events before the next read.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), EventTooLong> {
        if self.buffer.len() + bytes.len() > self.limit {
            return Err(EventTooLong);
        }
        self.buffer.extend_from_slice(bytes);
        Ok(())
    }

    /// The next complete event.
    pub(super) fn next(&mut self) -> Option<Event> {
        loop {
            let (line_end, next_line) = find_line_end(&self.buffer, self.scanned)?;
            let is_blank = line_end == self.scanned;
            self.scanned = next_line;
            if is_blank {
                let raw = self.buffer.split_to(next_line).freeze();
                self.scanned = 0;
                return Some(interpret(raw));
            }
        }
    }

    /// What came after the last blank line when the stream ended, completed so that it reads as an event.
    pub(super) fn finish(mut self) -> Option<Event> {
        if self.buffer.is_empty() {
            return None;
        }
        self.buffer.extend_from_slice(b"\n\n");
        self.next()
    }
}

/// Where the line from `start` ends and where the next one starts. A carriage return at the very end is no line
/// end yet: the line feed that belongs to it may be in the next read.
fn find_line_end(buffer: &[u8], start: usize) -> Option<(usize, usize)> {
    let end = start + buffer[start..].iter().position(|byte| matches!(byte, b'\n' | b'\r'))?;
    match (buffer[end], buffer.get(end + 1)) {
        (b'\n', _) => Some((end, end + 1)),
        (_, Some(b'\n')) => Some((end, end + 2)),
        (_, Some(_)) => Some((end, end + 1)),
        (_, None) => None,
    }
}

fn interpret(raw: Bytes) -> Event {
    let mut data: Option<Bytes> = None;
    let mut is_error = false;
    let mut start = if raw.starts_with("\u{feff}".as_bytes()) { 3 } else { 0 };
    while let Some((end, next)) = find_line_end(&raw, start) {
        let line = raw.slice(start..end);
        start = next;
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let mut value = line.slice((colon + 1).min(line.len())..);
        if value.first() == Some(&b' ') {
            value = value.slice(1..);
        }
        match &line[..colon] {
            b"data" => data = Some(append(data, value)),
            b"event" => is_error |= value == "error",
            b"error" => {
                is_error = true;
                data = Some(append(data, value));
            }
            _ => {}
        }
    }
    Event { raw, data, is_error }
}

/// One data line is the rule and is not copied.
fn append(before: Option<Bytes>, line: Bytes) -> Bytes {
    match before {
        None => line,
        Some(before) => [before.as_ref(), b"\n", line.as_ref()].concat().into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(reads: &[&[u8]]) -> Vec<Event> {
        let mut parser = Parser::new(1024);
        let mut events = Vec::new();
        for read in reads {
            parser.push(read).unwrap();
            while let Some(event) = parser.next() {
                events.push(event);
            }
        }
        events.extend(parser.finish());
        events
    }

    fn data(events: &[Event]) -> Vec<&str> {
        events
            .iter()
            .filter_map(|event| event.data.as_deref())
            .map(|data| std::str::from_utf8(data).unwrap())
            .collect()
    }

    #[test]
    fn every_line_end_ends_a_line() {
        for text in
            ["data: a\n\ndata: b\n\n", "data: a\r\n\r\ndata: b\r\n\r\n", "data: a\r\rdata: b\r\r"]
        {
            let events = parse(&[text.as_bytes()]);
            assert_eq!(data(&events), ["a", "b"], "{text:?}");
            let raw: Vec<u8> = events.iter().flat_map(|event| event.raw.to_vec()).collect();
            assert!(raw.starts_with(text.as_bytes()), "nothing of {text:?} may be lost");
        }
    }

    #[test]
    fn reads_may_cut_anywhere() {
        let text = ": hi\r\n\r\nevent: x\r\ndata: gr\u{fc}\u{df}e \u{1f44b}\r\ndata:two\r\n\r\ndata: [DONE]\n\n";
        let whole = parse(&[text.as_bytes()]);
        assert_eq!(data(&whole), ["gr\u{fc}\u{df}e \u{1f44b}\ntwo", "[DONE]"]);
        for cut in 1..text.len() {
            let (head, tail) = text.as_bytes().split_at(cut);
            assert_eq!(parse(&[head, tail]), whole, "cut at {cut}");
        }
        let single: Vec<&[u8]> = text.as_bytes().chunks(1).collect();
        assert_eq!(parse(&single), whole);
    }

    #[test]
    fn comments_and_other_fields_carry_no_data() {
        let events = parse(&[b": ping\n\nid: 7\nretry: 10\n\ndata\n\n"]);
        assert_eq!(events.len(), 3);
        assert_eq!(data(&events), [""]);
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        assert_eq!(data(&parse(&["\u{feff}data: a\n\n".as_bytes()])), ["a"]);
    }

    #[test]
    fn both_spellings_of_an_error_are_known() {
        let events = parse(&[b"event: error\ndata: {}\n\n", b"error: {\"code\":500}\n\n"]);
        assert!(events.iter().all(|event| event.is_error));
        assert_eq!(data(&events), ["{}", "{\"code\":500}"]);
    }

    #[test]
    fn the_last_event_may_lack_its_blank_line() {
        assert_eq!(data(&parse(&[b"data: [DONE]"])), ["[DONE]"]);
        assert_eq!(data(&parse(&[b"data: [DONE]\r\n"])), ["[DONE]"]);
    }

    #[test]
    fn an_event_without_end_is_refused() {
        let mut parser = Parser::new(8);
        assert_eq!(parser.push(b"data: 12345"), Err(EventTooLong));
    }

    /// Text made of what matters to the format.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece =
            "data|event|error|id|:| |\n|\r|\r\n|\n\n|\r\n\r\n|\u{feff}|\\[DONE\\]|\\{\\}|\\PC{0,3}";
        let bytes = proptest::collection::vec(any::<u8>(), 0..3);
        let piece = prop_oneof![9 => piece.prop_map(String::into_bytes), 1 => bytes];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        /// Where the reads cut is nobody's business, and not a byte is lost or made up but the end of the last event.
        #[test]
        fn events_do_not_depend_on_how_the_bytes_came(
            text in stream(),
            cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..8),
        ) {
            let whole = parse(&[&text]);
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
            cuts.extend([0, text.len()]);
            cuts.sort_unstable();
            let reads: Vec<&[u8]> = cuts.windows(2).map(|cut| &text[cut[0]..cut[1]]).collect();
            prop_assert_eq!(&parse(&reads), &whole);
            let single: Vec<&[u8]> = text.chunks(1).collect();
            prop_assert_eq!(&parse(&single), &whole);
            let raw: Vec<u8> = whole.iter().flat_map(|event| event.raw.to_vec()).collect();
            prop_assert!(raw.starts_with(&text) && raw.len() <= text.len() + 2);
            for event in &whole {
                // An event that is passed on is understood by the next reader as it was here. Its bytes may grow by a
                // line feed: after a lone carriage return at the end of all it may have been cut off.
                let again = parse(&[&event.raw]);
                prop_assert_eq!(again.len(), 1);
                prop_assert_eq!((&again[0].data, again[0].is_error), (&event.data, event.is_error));
            }
        }
    }
}
