//! What shares a lane.

use std::fmt;
use std::sync::Arc;

use common::job::Tenant;
use url::Url;

/// A tenant's use of one scheme, host and port. Tenants do not share a lane, so that one tenant's dead endpoint at a
/// popular host does not hold back another's.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Destination(Arc<str>);

impl Destination {
    pub(crate) fn new(tenant: &Tenant, url: &Url) -> Self {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or_default();
        Self(format!("{tenant} {}://{host}:{port}", url.scheme()).into())
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenant_scheme_host_and_port_tell_lanes_apart_and_the_path_does_not() {
        let lane = |tenant: &str, url: &str| {
            Destination::new(&tenant.parse().unwrap(), &Url::parse(url).unwrap())
        };
        let one = lane("acme", "https://example.com/a");
        assert_eq!(one, lane("acme", "https://EXAMPLE.com:443/b?c"));
        for other in ["http://example.com/a", "https://example.com:8443/a", "https://a.example.com"]
        {
            assert_ne!(one, lane("acme", other));
        }
        assert_ne!(one, lane("other", "https://example.com/a"));
    }
}
