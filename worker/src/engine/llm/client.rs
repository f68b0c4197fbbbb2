//! The one HTTP client of the engine.

use std::time::Duration;

use reqwest::redirect::Policy;

/// A client that goes where it was told and nowhere else: no redirects, no proxies. A connection is made within
/// five seconds; all other waits are bounded by the caller, per endpoint.
pub(super) fn build() -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .user_agent(concat!("millrace/", env!("CARGO_PKG_VERSION")))
        .redirect(Policy::none())
        .referer(false)
        .no_proxy()
        .connect_timeout(Duration::from_secs(5))
        .tcp_nodelay(true)
        .tcp_keepalive(Duration::from_secs(15))
        // Shorter than the idle limits of common servers, so that a pooled connection is seldom found closed.
        .pool_idle_timeout(Duration::from_secs(20))
        .build()
}
