//! `[egress]`

use ipnet::IpNet;

use super::section::Section;

/// Which outside addresses webhooks and input URLs may reach; see [`crate::egress`].
#[derive(Clone, Debug)]
pub struct EgressConfig {
    /// Networks that may be reached although they are private.
    pub allow: Vec<IpNet>,
    /// Host names that may be reached whatever their addresses are, in lower case.
    pub allow_hosts: Vec<String>,
    /// Networks that may not be reached although they are public.
    pub deny: Vec<IpNet>,
    /// Ports that may be reached.
    pub ports: Vec<u16>,
    /// Whether webhooks may go over http.
    pub allow_http: bool,
}

impl EgressConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let network = "a network like \"10.0.0.0/8\" or \"fd00::/8\"";
        Self {
            allow: section.list("allow", |given| network_or_address(&given.text()?, network)),
            allow_hosts: section.list("allow_hosts", |given| host(&given.text()?)),
            deny: section.list("deny", |given| network_or_address(&given.text()?, network)),
            ports: section.list("ports", |given| {
                given.integer(&(1..=u64::from(u16::MAX))).map(|port| port as u16)
            }),
            allow_http: section.flag("allow_http"),
        }
    }
}

/// A network; a bare address is the network of that address.
fn network_or_address(text: &str, wanted: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let network =
        text.parse().or_else(|_| text.parse().map(|address: std::net::IpAddr| address.into()));
    network.map_err(|_| format!("\"{text}\" is not {wanted}"))
}

/// A host name as URLs spell it.
fn host(text: &str) -> Result<String, String> {
    match url::Host::parse(text.trim()) {
        Ok(url::Host::Domain(name)) if !name.contains('*') => Ok(name),
        _ => Err(format!("\"{text}\" is not a host name like \"hooks.example.com\"")),
    }
}
