//! Connecting, and knowing whether the connection stands.

use std::collections::HashSet;
use std::future::ready;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::jetstream::context::ContextBuilder;
use async_nats::{ConnectOptions, Event};
use tokio::sync::watch;
use tokio::time::Instant;

use super::servers::Servers;
use super::{ACK_TIMEOUT, Bus, BusError, CALL_TIMEOUT, JobEvents};
use crate::clock::SharedClock;
use crate::secret::Secret;

/// The oldest server that has what the topology needs (message schedules, counters, prioritized pulls).
pub const MINIMUM_SERVER: (u64, u64) = (2, 12);

/// How the broker is reached.
#[derive(Clone, Debug)]
pub struct BusOptions {
    /// `nats://host:port`, several separated by commas.
    pub url: String,
    /// A NATS credentials file.
    pub credentials: Option<PathBuf>,
    /// User name, when the server asks for one.
    pub user: Option<String>,
    /// Its password.
    pub password: Option<Secret>,
    /// The role, as it appears in the server's connection list; also the private inbox prefix of its permissions.
    pub name: String,
    /// How long the first connection is tried, and after it the first calls.
    pub connect_timeout: Duration,
    /// Copies of every stream: 1, 3 or 5.
    pub replicas: usize,
    /// Sizes of the streams.
    pub limits: StreamLimits,
    /// How long the status of an ended job is kept.
    pub status_retention: Duration,
    /// How long a pulled message may stay without a sign of life before it is given to somebody else.
    pub ack_wait: Duration,
}

/// Sizes of the streams that hold accepted work. They are set when a stream is created and an operator may change
/// them on the broker afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamLimits {
    /// Messages of each JOBS stream.
    pub jobs_messages: i64,
    /// Bytes of each JOBS stream.
    pub jobs_bytes: i64,
    /// Bytes of JOB_EVENTS.
    pub events_bytes: i64,
    /// Bytes of each CALLS stream, in memory.
    pub calls_bytes: i64,
    /// Bytes of WEBHOOKS.
    pub webhooks_bytes: i64,
}

impl Default for StreamLimits {
    fn default() -> Self {
        const GIB: i64 = 1 << 30;
        Self {
            jobs_messages: 1_000_000,
            jobs_bytes: GIB,
            events_bytes: 2 * GIB,
            calls_bytes: GIB / 4,
            webhooks_bytes: GIB,
        }
    }
}

/// The state of the connection.
#[derive(Clone, Copy, Debug)]
pub struct Connection {
    /// Whether it stands.
    pub connected: bool,
    /// Since when it is in this state.
    pub since: Instant,
    /// How often it was made anew after the first time.
    pub reconnects: u64,
}

impl Bus {
    /// Connects and checks that the server is new enough and has JetStream. Tries for `connect_timeout`.
    pub async fn connect(options: BusOptions, clock: SharedClock) -> Result<Self, BusError> {
        let (state, connection) =
            watch::channel(Connection { connected: true, since: Instant::now(), reconnects: 0 });
        let state = Arc::new(state);
        let deadline = Instant::now() + options.connect_timeout;
        let servers = Servers::default();
        let client = loop {
            let attempt = connect_options(&options, Arc::clone(&state), servers.clone()).await?;
            match attempt.connect(options.url.split(',').collect::<Vec<_>>()).await {
                Ok(client) => break client,
                Err(error) if is_refused_credentials(&error) => {
                    return Err(BusError::Unsuitable(format!(
                        "NATS at {} refuses the credentials of {}",
                        redact(&options.url),
                        options.name
                    )));
                }
                Err(error) if Instant::now() >= deadline => {
                    return Err(BusError::Unavailable(format!(
                        "no connection to {} within {:?} ({error}); is nats-server running there?",
                        redact(&options.url),
                        options.connect_timeout
                    )));
                }
                Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        };
        check_version(&client.server_info().version)?;
        // The wait for the broker is no part of it.
        state.send_modify(|connection| connection.since = Instant::now());
        let jetstream = ContextBuilder::new()
            .timeout(CALL_TIMEOUT)
            .ack_timeout(ACK_TIMEOUT)
            .build(client.clone());
        let events = JobEvents::new(jetstream.clone(), options.status_retention, options.replicas);
        Ok(Self {
            client,
            jetstream,
            clock,
            connection,
            patience: options.connect_timeout,
            replicas: options.replicas,
            limits: options.limits,
            ack_wait: options.ack_wait,
            events,
            servers,
            ensured: Arc::new(Mutex::new(HashSet::new())),
            missing_part: Arc::default(),
        })
    }
}

async fn connect_options(
    options: &BusOptions,
    state: Arc<watch::Sender<Connection>>,
    servers: Servers,
) -> Result<ConnectOptions, BusError> {
    let mut connect = ConnectOptions::new()
        .name(format!("millrace-{}", options.name))
        .custom_inbox_prefix(format!("_INBOX_{}", options.name))
        .connection_timeout(Duration::from_secs(2))
        .request_timeout(Some(CALL_TIMEOUT))
        // A dead connection is noticed after two missed pings.
        .ping_interval(Duration::from_secs(5))
        .reconnect_delay_callback(|attempts| {
            Duration::from_millis((50_u64 << attempts.min(6)).min(1_000))
        })
        .reconnect_to_server_callback(move |known, info| servers.choose(&known, &info))
        .max_reconnects(None)
        .event_callback(move |event| {
            note_event(&state, &event);
            ready(())
        });
    if let Some(user) = &options.user {
        let password = options.password.as_ref().map_or("", Secret::expose);
        connect = connect.user_and_password(user.clone(), password.to_owned());
    }
    if let Some(path) = &options.credentials {
        connect = connect.credentials_file(path).await.map_err(|error| {
            BusError::Unsuitable(format!(
                "the NATS credentials file {} can not be read: {error}",
                path.display()
            ))
        })?;
    }
    Ok(connect)
}

fn note_event(state: &watch::Sender<Connection>, event: &Event) {
    match event {
        Event::Disconnected => {
            tracing::warn!("lost the connection to NATS");
            state.send_modify(|connection| {
                connection.connected = false;
                connection.since = Instant::now();
            });
        }
        Event::Connected => state.send_modify(|connection| {
            if !connection.connected {
                tracing::info!("connected to NATS again");
                connection.connected = true;
                connection.since = Instant::now();
                connection.reconnects += 1;
            }
        }),
        Event::SlowConsumer(subscription) => {
            tracing::error!(
                subscription,
                "NATS messages were dropped: this process reads too slowly"
            );
        }
        other => tracing::debug!(event = %other, "NATS connection event"),
    }
}

fn is_refused_credentials(error: &async_nats::ConnectError) -> bool {
    matches!(
        error.kind(),
        async_nats::ConnectErrorKind::Authentication
            | async_nats::ConnectErrorKind::AuthorizationViolation
    )
}

fn check_version(version: &str) -> Result<(), BusError> {
    let mut parts = version.split(['.', '-']).map(|part| part.parse::<u64>().unwrap_or(0));
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    if found >= MINIMUM_SERVER {
        return Ok(());
    }
    Err(BusError::Unsuitable(format!(
        "nats-server {version} is too old: Millrace needs {}.{} or newer",
        MINIMUM_SERVER.0, MINIMUM_SERVER.1
    )))
}

/// The URL without a password.
fn redact(url: &str) -> String {
    url.split(',')
        .map(|one| match one.rsplit_once('@') {
            Some((_, host)) => format!("nats://{host}"),
            None => one.to_owned(),
        })
        .collect::<Vec<_>>()
        .join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_server_is_named_in_one_line() {
        assert!(check_version("2.12.0").is_ok());
        assert!(check_version("2.15.1").is_ok());
        assert!(check_version("3.0.0-beta.1").is_ok());
        let error = check_version("2.10.29").unwrap_err().to_string();
        assert_eq!(error, "nats-server 2.10.29 is too old: Millrace needs 2.12 or newer");
    }

    #[test]
    fn no_password_is_shown() {
        assert_eq!(redact("nats://u:secret@a:4222,nats://b:4222"), "nats://a:4222,nats://b:4222");
    }
}
