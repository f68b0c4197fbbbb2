//! From a name to addresses that may be dialled.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::{Blocked, EgressPolicy};

/// How long a look-up may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The most addresses of a name that are tried.
const MAX_ADDRESSES: usize = 32;

impl EgressPolicy {
    /// The addresses of `host`, which may be an address itself, with `port`. When any of them is denied, so is the
    /// host: a name with a public and a private address is an attack or a mistake. Dial these and no others.
    pub async fn resolve(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, Blocked> {
        let addresses = addresses(host, port).await?;
        if self.is_allowed_host(&host.to_ascii_lowercase()) {
            tracing::info!(target: "audit", host, ?addresses, "egress to a permitted host");
            return Ok(addresses);
        }
        self.judge_all(host, &addresses)?;
        Ok(addresses)
    }

    pub(super) fn judge_all(&self, host: &str, addresses: &[SocketAddr]) -> Result<(), Blocked> {
        addresses.iter().try_for_each(|address| self.judge(address.ip(), Some(host)))
    }
}

async fn addresses(host: &str, port: u16) -> Result<Vec<SocketAddr>, Blocked> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Ok(address) = bare.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = tokio::time::timeout(TIMEOUT, tokio::net::lookup_host((host, port)))
        .await
        .map_err(|_| not_found(host, &"no answer in time"))?
        .map_err(|error| not_found(host, &error))?;
    let addresses: Vec<_> = found.collect();
    if addresses.is_empty() || addresses.len() > MAX_ADDRESSES {
        return Err(not_found(host, &format!("{} addresses", addresses.len())));
    }
    Ok(addresses)
}

fn not_found(host: &str, reason: &dyn std::fmt::Display) -> Blocked {
    tracing::debug!(host, %reason, "a name was not resolved");
    Blocked::Unresolved
}
