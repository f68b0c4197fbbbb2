//! `data:` URLs (RFC 2397): a small file within the request itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;

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

/// Callers use either alphabet, escape it or do not, pad or do not, and wrap lines.
fn decode(body: &str) -> Option<Vec<u8>> {
    let text: Vec<u8> = percent_encoding::percent_decode_str(body)
        .filter(|byte| !byte.is_ascii_whitespace())
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => other,
        })
        .collect();
    STANDARD_NO_PAD.decode(unpadded(&text)).ok()
}

fn unpadded(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|byte| *byte != b'=').map_or(0, |last| last + 1);
    &text[..end]
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::{STANDARD, URL_SAFE, URL_SAFE_NO_PAD};
    use proptest::prelude::*;

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

    proptest! {
        /// Whatever the alphabet and the padding, the bytes come back.
        #[test]
        fn any_content_is_read_in_any_spelling(content in proptest::collection::vec(any::<u8>(), 0..40)) {
            let percent = percent_encoding::percent_encode(&content, percent_encoding::NON_ALPHANUMERIC);
            prop_assert_eq!(&read(&format!("data:,{percent}")).unwrap().bytes, &content);
            for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD] {
                let text = engine.encode(&content);
                prop_assert_eq!(&read(&format!("data:a/b;base64,{text}")).unwrap().bytes, &content);
                let escaped = text.replace('+', "%2b").replace('/', "%2F").replace('=', "%3d");
                prop_assert_eq!(&read(&format!("data:;base64,{escaped}")).unwrap().bytes, &content);
            }
        }
    }
}
