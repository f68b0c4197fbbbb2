//! Which outside addresses may be called: the guard against requests forged through us (SSRF).
//!
//! A caller may give URLs: webhooks, which the dispatcher posts to, and inputs, which the gateway fetches. Neither may
//! be turned against the network in which we run. The rules:
//!
//! 1. A URL is parsed once, strictly ([`EgressPolicy::check_url`]); what parsers disagree on is refused.
//! 2. A name is resolved here ([`EgressPolicy::resolve`]) and refused when any of its addresses is denied. The caller
//!    dials exactly the addresses that were returned, so there is no second look-up that could answer otherwise.
//! 3. Both are done anew for every request, never only when the URL is registered.
//! 4. What the operator permits is permitted, and every use of a permission is logged (target `audit`).
//!
//! What a caller is told does not say what was found behind a name.

mod address;
mod blocked;
mod resolve;
mod url;

#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;

use ipnet::IpNet;

pub use blocked::Blocked;

use crate::config::EgressConfig;

/// What a URL is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A webhook: https only, unless the operator says otherwise.
    Webhook,
    /// An input to fetch: http or https.
    Input,
}

/// The rules. Cheap to clone.
#[derive(Clone, Debug)]
pub struct EgressPolicy(Arc<Rules>);

#[derive(Debug)]
struct Rules {
    config: EgressConfig,
    own: Vec<IpAddr>,
}

impl EgressPolicy {
    /// The rules of the configuration.
    pub fn new(config: &EgressConfig) -> Self {
        Self::with_own_addresses(config, [])
    }

    /// The same, and `own` addresses (those that we listen on) are denied although they may be public.
    pub fn with_own_addresses(
        config: &EgressConfig,
        own: impl IntoIterator<Item = IpAddr>,
    ) -> Self {
        let own = own.into_iter().map(|address| address.to_canonical()).collect();
        Self(Arc::new(Rules { config: config.clone(), own }))
    }

    /// Judges an address.
    pub fn check_address(&self, address: IpAddr) -> Result<(), Blocked> {
        self.judge(address, None)
    }

    fn judge(&self, address: IpAddr, host: Option<&str>) -> Result<(), Blocked> {
        let address = address.to_canonical();
        let host = host.unwrap_or("-");
        if !self.is_denied(address) {
            return Ok(());
        }
        if self.is_allowed(address) {
            tracing::info!(target: "audit", host, %address, "egress to a private address, as permitted");
            return Ok(());
        }
        tracing::info!(target: "audit", host, %address, "egress blocked");
        Err(Blocked::Denied)
    }

    fn is_denied(&self, address: IpAddr) -> bool {
        address::is_special(address)
            || self.0.own.contains(&address)
            || contains(&self.0.config.deny, address)
    }

    fn is_allowed(&self, address: IpAddr) -> bool {
        contains(&self.0.config.allow, address)
    }

    fn is_allowed_host(&self, host: &str) -> bool {
        self.0.config.allow_hosts.iter().any(|allowed| allowed == host)
    }
}

fn contains(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}
