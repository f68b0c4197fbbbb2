//! Which web pages may call the API from a browser.

use std::time::Duration;

use http::{HeaderName, HeaderValue, Method};
use tower_http::cors::{AllowHeaders, AllowOrigin, Any, CorsLayer};

/// Lets pages of `origins` call; `*` stands for all. Nobody when there are none. Cookies are never used, so there is
/// nothing that a page could borrow from a visitor.
pub(crate) fn cors(origins: &[String]) -> CorsLayer {
    if origins.is_empty() {
        return CorsLayer::new();
    }
    let allowed = if origins.iter().any(|origin| origin == "*") {
        AllowOrigin::any()
    } else {
        AllowOrigin::list(origins.iter().filter_map(|origin| HeaderValue::from_str(origin).ok()))
    };
    let exposed = [
        "x-request-id",
        "x-millrace-job",
        "location",
        "retry-after",
        "etag",
        "content-disposition",
        "idempotent-replayed",
        "x-should-retry",
    ];
    CorsLayer::new()
        .allow_origin(allowed)
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(exposed.map(HeaderName::from_static))
        .max_age(Duration::from_hours(1))
}

/// Lets all pages read: for what is public, or opened by a signed address.
pub(crate) fn open_cors() -> CorsLayer {
    let exposed =
        ["accept-ranges", "content-disposition", "content-length", "content-range", "etag"];
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(exposed.map(HeaderName::from_static))
        .max_age(Duration::from_hours(1))
}
