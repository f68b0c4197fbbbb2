//! How the body of an answer is framed.

use std::io;

use bytes::{Buf, Bytes, BytesMut};

/// The longest line between chunks.
const MAX_LINE: usize = 1024;

/// Where the reader of a body stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Framing {
    /// So many bytes are missing.
    Length(usize),
    /// A chunk's size line comes next; after the first chunk it follows an empty line.
    Size { after_chunk: bool },
    /// So many bytes of this chunk are missing.
    Chunk(usize),
    /// After the last chunk: lines until an empty one.
    Trailer,
    /// Until the server closes the connection.
    Close,
}

/// What the buffer gives.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    Data(Bytes),
    More,
    End,
}

impl Framing {
    /// The framing that an answer's head announces.
    pub(super) fn of(status: u16, encoding: Option<&str>, length: Option<&str>) -> Self {
        if status == 204 || status == 304 {
            return Self::Length(0);
        }
        if encoding.is_some_and(|value| value.to_ascii_lowercase().contains("chunked")) {
            return Self::Size { after_chunk: false };
        }
        length.and_then(|length| length.trim().parse().ok()).map_or(Self::Close, Self::Length)
    }

    /// Whether the end of the connection is the end of the body.
    pub(super) fn ends_with_connection(&self) -> bool {
        *self == Self::Close
    }

    /// Takes the next part of the body off the buffer.
    pub(super) fn step(&mut self, buffer: &mut BytesMut) -> io::Result<Step> {
        loop {
            match self {
                Self::Length(0) => return Ok(Step::End),
                Self::Close if buffer.is_empty() => return Ok(Step::More),
                Self::Close => return Ok(Step::Data(buffer.split().freeze())),
                Self::Chunk(0) => *self = Self::Size { after_chunk: true },
                Self::Length(left) | Self::Chunk(left) => return Ok(take(left, buffer)),
                Self::Size { after_chunk } => {
                    if *after_chunk {
                        let Some(_) = line(buffer)? else { return Ok(Step::More) };
                        *after_chunk = false;
                    }
                    let Some(line) = line(buffer)? else { return Ok(Step::More) };
                    *self = match size(&line)? {
                        0 => Self::Trailer,
                        size => Self::Chunk(size),
                    };
                }
                Self::Trailer => {
                    let Some(line) = line(buffer)? else { return Ok(Step::More) };
                    if line.is_empty() {
                        *self = Self::Length(0);
                    }
                }
            }
        }
    }
}

fn take(left: &mut usize, buffer: &mut BytesMut) -> Step {
    if buffer.is_empty() {
        return Step::More;
    }
    let count = buffer.len().min(*left);
    *left -= count;
    Step::Data(buffer.split_to(count).freeze())
}

/// A line without its end; `None` while it is not complete.
fn line(buffer: &mut BytesMut) -> io::Result<Option<BytesMut>> {
    let Some(end) = buffer.iter().take(MAX_LINE).position(|byte| *byte == b'\n') else {
        return if buffer.len() >= MAX_LINE {
            Err(io::Error::other("a chunk's size has no end"))
        } else {
            Ok(None)
        };
    };
    let mut line = buffer.split_to(end);
    buffer.advance(1);
    if line.last() == Some(&b'\r') {
        line.truncate(end - 1);
    }
    Ok(Some(line))
}

fn size(line: &[u8]) -> io::Result<usize> {
    let text = std::str::from_utf8(line).map_err(io::Error::other)?;
    let digits = text.split(';').next().unwrap_or_default().trim();
    usize::from_str_radix(digits, 16).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mut framing: Framing, parts: &[&str]) -> (String, Step) {
        let (mut buffer, mut text) = (BytesMut::new(), String::new());
        let mut last = Step::More;
        for part in parts {
            buffer.extend_from_slice(part.as_bytes());
            loop {
                last = framing.step(&mut buffer).unwrap();
                match &last {
                    Step::Data(bytes) => text.push_str(std::str::from_utf8(bytes).unwrap()),
                    Step::More | Step::End => break,
                }
            }
        }
        (text, last)
    }

    #[test]
    fn chunks_are_joined_wherever_the_network_cuts_them() {
        let whole = "5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n";
        for cut in 1..whole.len() {
            let framing = Framing::of(200, Some("chunked"), None);
            let read = read(framing, &[&whole[..cut], &whole[cut..]]);
            assert_eq!(read, ("hello!".to_owned(), Step::End), "cut at {cut}");
        }
    }

    #[test]
    fn a_length_ends_where_it_says() {
        let read = read(Framing::of(200, None, Some("3")), &["a", "bcd"]);
        assert_eq!(read, ("abc".to_owned(), Step::End));
    }

    #[test]
    fn nonsense_between_chunks_is_an_error() {
        let mut buffer = BytesMut::from("zz\r\n");
        assert!(Framing::Size { after_chunk: false }.step(&mut buffer).is_err());
    }
}
