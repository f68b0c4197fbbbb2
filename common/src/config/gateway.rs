//! `[gateway]`

use std::net::SocketAddr;
use std::time::Duration;

use super::given::Given;
use super::section::{Section, parse_url};

/// The longest delay that JetStream schedules are trusted with.
const MAX_DELAY: Duration = Duration::from_hours(366 * 24);

/// The HTTP API.
#[derive(Clone, Debug)]
pub struct GatewayConfig {
    /// Where it listens; port 0 means any free one.
    pub listen: SocketAddr,
    /// What addresses in answers begin with, without a slash at the end; empty: they are relative.
    pub public_url: String,
    /// Names it on the bus; empty: random.
    pub id: String,
    /// Largest body of a request that is no file upload, in bytes.
    pub body_limit: u64,
    /// Largest uploaded or fetched file, in bytes.
    pub file_limit: u64,
    /// Origins of web pages that may call the API; `*` means all.
    pub cors_origins: Vec<String>,
    /// How long a synchronous call waits for a worker to appear.
    pub no_worker_wait: Duration,
    /// How long a synchronous call may take.
    pub sync_timeout: Duration,
    /// The longest wait that a caller may ask for.
    pub max_wait: Duration,
    /// How long signed addresses are good.
    pub signed_url_lifetime: Duration,
    /// Most jobs of one tenant that may become due within one hour.
    pub max_delayed_per_hour: i64,
    /// The farthest that a job may be delayed.
    pub max_delay: Duration,
}

impl GatewayConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let second = Duration::from_secs(1);
        let listen = section.address("listen").unwrap_or_else(|| {
            section.mistake("listen", "must be an address and a port like \"127.0.0.1:8080\"");
            SocketAddr::from(([127, 0, 0, 1], 0))
        });
        Self {
            listen,
            public_url: section
                .url("public_url", &["http", "https"])
                .map_or_else(String::new, |url| url.as_str().trim_end_matches('/').to_owned()),
            id: token(section, "id"),
            body_limit: section.size("body_limit", 1_000..=256 << 20),
            file_limit: section.size("file_limit", 1_000..=1 << 40),
            cors_origins: section.list("cors_origins", origin),
            no_worker_wait: section.duration("no_worker_wait", Duration::ZERO..=60 * second),
            sync_timeout: section.duration("sync_timeout", second..=Duration::from_hours(24)),
            max_wait: section.duration("max_wait", second..=Duration::from_hours(1)),
            signed_url_lifetime: section
                .duration("signed_url_lifetime", 60 * second..=Duration::from_hours(30 * 24)),
            max_delayed_per_hour: section.integer("max_delayed_per_hour", 0..=i64::MAX as u64)
                as i64,
            max_delay: section.duration("max_delay", second..=MAX_DELAY),
        }
    }
}

/// A name that becomes a token of a subject.
pub(super) fn token(section: &Section<'_>, key: &str) -> String {
    let name = section.text(key);
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    if name.len() > 64 || !name.bytes().all(legal) {
        section.mistake(key, "must have at most 64 of a-z, A-Z, 0-9, '_' and '-'");
    }
    name
}

/// `*` or an origin as browsers send it.
fn origin(given: &Given) -> Result<String, String> {
    let text = given.text()?;
    if text == "*" {
        return Ok(text);
    }
    let origin = parse_url(&text, &["http", "https"])?.origin().ascii_serialization();
    if origin == text.trim_end_matches('/') {
        return Ok(origin);
    }
    Err(format!("{given} is not an origin; did you mean \"{origin}\"?"))
}
