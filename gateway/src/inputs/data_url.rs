//! `data:` URLs (RFC 2397): a small file within the request itself.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE};

/// The largest content of a data URL; larger files are uploaded.
const MAX_BYTES: usize = 32 * 1024 * 1024;

/// The content of a data URL.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct DataUrl {
    /// As declared; empty when nothing was.
    pub content_type: String,
    /// The decoded bytes.
    pub bytes: Vec<u8>,
}

/// Reads a data URL, or says what is wrong with it.
pub(super) fn read(url: &str) -> Result<DataUrl, &'static str> {
    let (head, body) = url
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(','))
        .ok_or("the data URL has no comma between its type and its content")?;
    // Base64 is a third longer than the bytes, percent-encoding up to three times.
    if body.len() > 3 * MAX_BYTES {
        return Err("the data URL is over 32 MiB; upload the file with POST /v1/files");
    }
    let mut parts: Vec<&str> = head.split(';').map(str::trim).collect();
    let is_base64 = parts.last().is_some_and(|last| last.eq_ignore_ascii_case("base64"));
    if is_base64 {
        parts.pop();
    }
    let bytes = if is_base64 {
        decode(body).ok_or("the data URL is not valid base64")?
    } else {
        percent_encoding::percent_decode_str(body).collect()
    };
    if bytes.len() > MAX_BYTES {
        return Err("the data URL is over 32 MiB; upload the file with POST /v1/files");
    }
    let content_type = parts.first().copied().unwrap_or_default().to_ascii_lowercase();
    Ok(DataUrl { content_type, bytes })
}

/// Callers pad, or do not, and wrap lines.
fn decode(body: &str) -> Option<Vec<u8>> {
    let text: String = body.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let text = text.replace("%2B", "+").replace("%2F", "/").replace("%3D", "=");
    [&STANDARD, &STANDARD_NO_PAD, &URL_SAFE]
        .into_iter()
        .find_map(|engine| engine.decode(&text).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_and_percent_forms_are_read() {
        let url = read("data:image/PNG;base64,aGVs\nbG8=").unwrap();
        assert_eq!(url, DataUrl { content_type: "image/png".into(), bytes: b"hello".to_vec() });
        assert_eq!(read("data:;base64,aGVsbG8").unwrap().bytes, b"hello");
        let url = read("data:text/plain;charset=utf-8,a%20b").unwrap();
        assert_eq!((url.content_type.as_str(), url.bytes.as_slice()), ("text/plain", &b"a b"[..]));
        assert_eq!(read("data:,").unwrap().bytes, b"");
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(read("data:image/png;base64").is_err());
        assert!(read("data:image/png;base64,***").is_err());
    }
}
