//! `[nats]`

use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::section::{Section, parse_url};
use crate::secret::Secret;

/// How the broker is reached.
#[derive(Clone, Debug)]
pub struct NatsConfig {
    /// One or more URLs, separated by commas; without user and password.
    pub url: String,
    /// A NATS credentials file.
    pub credentials: Option<PathBuf>,
    /// User name.
    pub user: Option<String>,
    /// The user's password.
    pub password: Option<Secret>,
    /// Copies of every stream: 1, 3 or 5.
    pub replicas: usize,
    /// How long the first connection is tried.
    pub connect_timeout: Duration,
    /// Sizes of the streams.
    pub limits: NatsLimits,
}

/// Sizes of the streams that hold accepted work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NatsLimits {
    /// Messages of each JOBS stream.
    pub jobs_messages: u64,
    /// Bytes of each JOBS stream.
    pub jobs_bytes: u64,
    /// Bytes of JOB_EVENTS.
    pub events_bytes: u64,
    /// Bytes of each CALLS stream.
    pub calls_bytes: u64,
    /// Bytes of WEBHOOKS.
    pub webhooks_bytes: u64,
}

impl NatsConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let mut user = section.optional_text("user");
        let mut password = section.secret("password");
        let mut servers = Vec::new();
        for server in section.text("url").split(',').map(str::trim).filter(|one| !one.is_empty()) {
            match parse_url(server, &["nats", "tls", "ws", "wss"]) {
                Ok(mut url) => {
                    if let Some((name, secret)) = take_user(&mut url) {
                        user.get_or_insert(name);
                        password.get_or_insert(secret);
                    }
                    servers.push(url.to_string());
                }
                Err(problem) => section.mistake("url", problem),
            }
        }
        let replicas = section.count("replicas", 1..=5);
        if replicas.is_multiple_of(2) {
            section.mistake("replicas", format!("must be 1, 3 or 5, not {replicas}"));
        }
        Self {
            url: servers.join(","),
            credentials: section.optional_text("credentials").map(PathBuf::from),
            user,
            password,
            replicas,
            connect_timeout: section
                .duration("connect_timeout", Duration::from_millis(100)..=Duration::from_mins(10)),
            limits: NatsLimits::read(&section.section("limits")),
        }
    }
}

impl NatsLimits {
    fn read(section: &Section<'_>) -> Self {
        // The broker counts in signed numbers.
        let bytes = |key| section.size(key, 1_000_000..=i64::MAX as u64);
        Self {
            jobs_messages: section.integer("jobs_messages", 1..=i64::MAX as u64),
            jobs_bytes: bytes("jobs_bytes"),
            events_bytes: bytes("events_bytes"),
            calls_bytes: bytes("calls_bytes"),
            webhooks_bytes: bytes("webhooks_bytes"),
        }
    }
}

/// Takes user and password out of the URL, so that the URL can be shown.
fn take_user(url: &mut Url) -> Option<(String, Secret)> {
    let decode =
        |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
    let user = decode(url.username());
    let password = Secret::new(decode(url.password()?));
    // A URL with a password has a host, so both can be removed.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    Some((user, password))
}
