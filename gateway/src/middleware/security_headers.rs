//! Headers that keep browsers from doing more with an answer than was meant.

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    X_FRAME_OPTIONS,
};
use http::{HeaderMap, HeaderName, HeaderValue};

/// Answers of the API are data: nothing in them is run, framed or cached unless the handler says so.
pub(crate) async fn security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    set_default(headers, X_CONTENT_TYPE_OPTIONS, "nosniff");
    set_default(headers, X_FRAME_OPTIONS, "DENY");
    set_default(headers, REFERRER_POLICY, "no-referrer");
    set_default(headers, CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'");
    set_default(headers, CACHE_CONTROL, "no-store");
    response
}

/// For our own pages: they may run our own scripts.
pub(crate) async fn page_security_headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let policy = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; \
                  frame-ancestors 'none'; base-uri 'none'";
    set_default(response.headers_mut(), CONTENT_SECURITY_POLICY, policy);
    response
}

fn set_default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    headers.entry(name).or_insert(HeaderValue::from_static(value));
}
