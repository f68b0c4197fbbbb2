//! One strict parse of a URL.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::{Blocked, EgressPolicy, Purpose};

/// The longest URL.
const MAX_LENGTH: usize = 2048;

impl EgressPolicy {
    /// Parses a URL and judges it as far as that is possible without a look-up: its form, scheme, port, and its
    /// address when it has one instead of a name. A name must still go through [`resolve`](Self::resolve).
    pub fn check_url(&self, text: &str, purpose: Purpose) -> Result<Url, Blocked> {
        let url = parse(text)?;
        let permitted = match url.host() {
            Some(Host::Ipv4(address)) => self.check_literal(address.into())?,
            Some(Host::Ipv6(address)) => self.check_literal(address.into())?,
            Some(Host::Domain(name)) => self.is_permitted_name(name),
            None => return Err(Blocked::Malformed("it has no host")),
        };
        if permitted {
            return Ok(url);
        }
        let config = &self.0.config;
        if url.scheme() != "https" && purpose == Purpose::Webhook && !config.allow_http {
            return Err(Blocked::Insecure);
        }
        match url.port_or_known_default() {
            Some(port) if !config.ports.contains(&port) => Err(Blocked::Port(port)),
            _ => Ok(url),
        }
    }

    /// Whether the operator permits the address; fails when it is denied.
    fn check_literal(&self, address: IpAddr) -> Result<bool, Blocked> {
        self.judge(address, None)?;
        Ok(self.is_allowed(address.to_canonical()))
    }

    /// Whether the operator permits the name, whatever it resolves to. `localhost` is this machine everywhere, so
    /// permitting its addresses is enough.
    fn is_permitted_name(&self, name: &str) -> bool {
        let local = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        self.is_allowed_host(name)
            || name == "localhost" && local.iter().any(|address| self.is_allowed(*address))
    }
}

/// The URL, unless different programs could understand it differently.
fn parse(text: &str) -> Result<Url, Blocked> {
    let too_long = Blocked::Malformed("it is longer than 2048 bytes");
    if text.len() > MAX_LENGTH {
        return Err(too_long);
    }
    if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
        return Err(Blocked::Malformed("it has spaces, control characters or backslashes"));
    }
    let authority = authority(text)?;
    if authority.contains('@') {
        return Err(Blocked::Malformed("it has a user name"));
    }
    if authority.contains('%') {
        return Err(Blocked::Malformed("its host is escaped or has a zone"));
    }
    if text.contains('#') {
        return Err(Blocked::Malformed("it has a fragment"));
    }
    let url = Url::parse(text).map_err(|_| Blocked::Malformed("it can not be parsed"))?;
    // Escapes make it longer, and it is judged anew whenever it is used.
    if url.as_str().len() > MAX_LENGTH {
        return Err(too_long);
    }
    check_host(&url, authority)?;
    if url.port() == Some(0) {
        return Err(Blocked::Port(0));
    }
    Ok(url)
}

/// What stands between `://` and the path.
fn authority(text: &str) -> Result<&str, Blocked> {
    let no_scheme = Blocked::Malformed("it must begin with http:// or https://");
    let (scheme, rest) = text.split_once("://").ok_or(no_scheme.clone())?;
    if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
        return Err(no_scheme);
    }
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    if authority.is_empty() { Err(Blocked::Malformed("it has no host")) } else { Ok(authority) }
}

/// The host must be written as it is understood: parsers turn `0x7f.1`, `017700000001` and `2130706433` into
/// `127.0.0.1`.
fn check_host(url: &Url, authority: &str) -> Result<(), Blocked> {
    let written = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    match url.host() {
        Some(Host::Ipv4(address)) if written != address.to_string() => {
            Err(Blocked::Malformed("its IPv4 address must be written like 192.0.2.1"))
        }
        Some(Host::Ipv6(_)) if !is_plain_v6(written) => {
            Err(Blocked::Malformed("its IPv6 address must be written like [2001:db8::1]"))
        }
        Some(Host::Domain(name)) if name.ends_with('.') => {
            Err(Blocked::Malformed("its host ends with a dot"))
        }
        _ => Ok(()),
    }
}

fn is_plain_v6(written: &str) -> bool {
    let inner = written.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
    inner.is_some_and(|text| text.parse::<Ipv6Addr>().is_ok())
}
