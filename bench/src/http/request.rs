//! Requests as bytes.

use std::fmt::Write as _;

use bytes::Bytes;

/// A request with a bearer key and a JSON body, serialised. Without a body the method should be one that needs none.
pub(crate) fn request(method: &str, path: &str, key: &str, body: &[u8]) -> Bytes {
    with_headers(method, path, &[("authorization", &format!("Bearer {key}"))], body)
}

/// The same with any headers.
pub(crate) fn with_headers(
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Bytes {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n");
    for (name, value) in headers {
        let _ = write!(text, "{name}: {value}\r\n");
    }
    if !body.is_empty() {
        let _ =
            write!(text, "content-type: application/json\r\ncontent-length: {}\r\n", body.len());
    }
    text.push_str("\r\n");
    let mut bytes = text.into_bytes();
    bytes.extend_from_slice(body);
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_as_a_server_expects_it() {
        let bytes = request("POST", "/v1/jobs", "k", b"{}");
        let text = std::str::from_utf8(&bytes).unwrap();
        assert!(text.starts_with("POST /v1/jobs HTTP/1.1\r\n"));
        assert!(text.contains("authorization: Bearer k\r\n"));
        assert!(text.ends_with("content-length: 2\r\n\r\n{}"));
    }
}
