//! What a client says to the broker, one protocol message at a time.

use bytes::{Bytes, BytesMut};

/// One protocol message from a role to the broker.
#[derive(Clone, Debug)]
pub struct Said {
    /// Where it is published; empty when it publishes nothing.
    pub subject: String,
    /// Its headers as text.
    pub headers: String,
    /// Its payload.
    pub payload: Bytes,
    /// All of it, as it goes over the wire.
    pub(super) bytes: Bytes,
}

impl Said {
    /// Takes the first whole message out of the buffer.
    pub(super) fn take(buffer: &mut BytesMut) -> Option<Self> {
        let line = buffer.windows(2).position(|pair| pair == b"\r\n")?;
        let words: Vec<String> = String::from_utf8_lossy(&buffer[..line])
            .split_whitespace()
            .map(str::to_owned)
            .collect();
        let number = |from_end: usize| -> usize {
            let index = words.len().checked_sub(from_end);
            index.and_then(|index| words[index].parse().ok()).unwrap_or(0)
        };
        let verb = words.first().map(|verb| verb.to_ascii_uppercase()).unwrap_or_default();
        let (headers, total) = match verb.as_str() {
            "PUB" => (0, Some(number(1))),
            "HPUB" => (number(2), Some(number(1))),
            _ => (0, None),
        };
        let body = line + 2;
        let end = body + total.map_or(0, |total| total + 2);
        if buffer.len() < end {
            return None;
        }
        let bytes = buffer.split_to(end).freeze();
        let Some(total) = total else {
            let (subject, headers) = (String::new(), String::new());
            return Some(Self { subject, headers, payload: Bytes::new(), bytes });
        };
        Some(Self {
            subject: words.get(1).cloned().unwrap_or_default(),
            headers: String::from_utf8_lossy(&bytes[body..body + headers]).into_owned(),
            payload: bytes.slice(body + headers..body + total),
            bytes,
        })
    }

    /// Whether it is published below `prefix`.
    pub fn goes_to(&self, prefix: &str) -> bool {
        self.subject.starts_with(prefix)
    }

    /// Whether it is an event of this type, for example `job.started`.
    pub fn is_event(&self, kind: &str) -> bool {
        self.goes_to("events.") && self.headers.contains(&format!("Millrace-Type: {kind}\r\n"))
    }

    /// Whether it tells a waiting gateway this: `started`, `chunk`, `result` or `error`.
    pub fn replies(&self, kind: &str) -> bool {
        self.goes_to("reply.") && self.headers.contains(&format!("Millrace-Kind: {kind}\r\n"))
    }

    /// Whether it settles a message of this stream for good.
    pub fn acks(&self, stream: &str) -> bool {
        self.goes_to(&format!("$JS.ACK.{stream}.")) && &*self.payload == b"+ACK"
    }

    /// The payload as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.payload).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_out_one_by_one_and_whole() {
        let wire = "CONNECT {}\r\nPUB a.b 5\r\nhello\r\n\
                    HPUB events.1 _INBOX.7 39 41\r\nNATS/1.0\r\nMillrace-Type: job.queued\r\n\r\n{}\r\nPUB cut 9\r\nhal";
        let mut buffer = BytesMut::from(wire);
        let first = Said::take(&mut buffer).unwrap();
        assert_eq!((first.subject.as_str(), &*first.bytes), ("", &b"CONNECT {}\r\n"[..]));
        let second = Said::take(&mut buffer).unwrap();
        assert_eq!((second.subject.as_str(), second.text().as_str()), ("a.b", "hello"));
        let third = Said::take(&mut buffer).unwrap();
        assert!(third.is_event("job.queued") && third.text() == "{}", "{third:?}");
        assert!(Said::take(&mut buffer).is_none());
        assert_eq!(&*buffer, b"PUB cut 9\r\nhal");
    }
}
