//! Answering with the bytes of an object: whole, in part, or not at all when the caller has them.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use common::clock::Timestamp;
use common::objects::Objects;
use futures::TryStreamExt;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, LAST_MODIFIED, RANGE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};

use super::content_type::may_be_shown;
use super::disposition::disposition;
use super::range::{Wanted, wanted};
use crate::api::ApiError;

/// For what a browser would run: nothing in it does anything.
const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox; default-src 'none'");
/// For what a browser shows: its own player may load the file and nothing else.
const SHOWN: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; \
     frame-ancestors 'none'",
);

/// An object to be served.
pub(super) struct Served {
    /// Its key.
    pub key: String,
    /// The name that a download gets.
    pub name: String,
    /// Its media type.
    pub content_type: String,
    /// Its size.
    pub bytes: u64,
    /// A strong entity tag, without quotes.
    pub etag: String,
    /// When it was written.
    pub modified: Timestamp,
    /// Who may keep it how long.
    pub cache: HeaderValue,
}

/// What of the request matters here.
pub(super) struct Asked<'a> {
    /// GET or HEAD.
    pub method: &'a Method,
    /// The request's headers.
    pub headers: &'a HeaderMap,
}

/// Answers with the object (200), a part of it (206), its headers (HEAD), that the caller has it (304), or that the
/// part does not exist (416).
pub(super) async fn serve(
    objects: &Objects,
    file: &Served,
    asked: Asked<'_>,
) -> Result<Response, ApiError> {
    let etag = format!("\"{}\"", file.etag);
    let text = |name: HeaderName| asked.headers.get(name).and_then(|value| value.to_str().ok());
    if text(IF_NONE_MATCH).is_some_and(|tags| matches(tags, &etag)) {
        return Ok((StatusCode::NOT_MODIFIED, headers(file, &etag)).into_response());
    }
    // A part of another version than the caller has would spoil its copy.
    let range = text(RANGE).filter(|_| text(IF_RANGE).is_none_or(|tag| tag == etag));
    let (status, first, length) = match wanted(range, file.bytes) {
        Wanted::Whole => (StatusCode::OK, 0, file.bytes),
        Wanted::Part { first, last } => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Wanted::Unsatisfiable => {
            let size = header(format!("bytes */{}", file.bytes));
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            response.headers_mut().insert(CONTENT_RANGE, size);
            return Ok(response);
        }
    };
    let body = if *asked.method == Method::HEAD || length == 0 {
        Body::empty()
    } else {
        let part = (length < file.bytes).then_some(first..first + length);
        let stream = objects.stream(&file.key, part).await?;
        Body::from_stream(stream.inspect_err(|error| {
            tracing::warn!(%error, "a file broke off while it was served");
        }))
    };
    let mut response = (status, headers(file, &etag), body).into_response();
    let answer = response.headers_mut();
    answer.insert(CONTENT_LENGTH, length.into());
    if status == StatusCode::PARTIAL_CONTENT {
        let last = first + length - 1;
        answer.insert(CONTENT_RANGE, header(format!("bytes {first}-{last}/{}", file.bytes)));
    }
    Ok(response)
}

fn headers(file: &Served, etag: &str) -> HeaderMap {
    let shown = may_be_shown(&file.content_type);
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_TYPE, header(file.content_type.clone()));
    headers.insert(CONTENT_DISPOSITION, disposition(shown, &file.name));
    headers.insert(ETAG, header(etag.to_owned()));
    headers.insert(LAST_MODIFIED, header(http_date(file.modified)));
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, file.cache.clone());
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(CONTENT_SECURITY_POLICY, if shown { SHOWN } else { SANDBOX });
    headers
}

/// Whether one of the tags of an `If-None-Match` header is ours; the comparison is weak (RFC 9110, section 13.1.2).
fn matches(tags: &str, ours: &str) -> bool {
    tags.split(',').map(str::trim).any(|tag| tag == "*" || tag.trim_start_matches("W/") == ours)
}

fn header(text: String) -> HeaderValue {
    HeaderValue::from_maybe_shared(bytes::Bytes::from(text))
        .unwrap_or_else(|_| HeaderValue::from_static("application/octet-stream"))
}

fn http_date(at: Timestamp) -> String {
    let format = time::macros::format_description!(
        "[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT"
    );
    at.to_offset_date_time().format(&format).unwrap_or_default()
}

#[cfg(test)]
mod tests;
