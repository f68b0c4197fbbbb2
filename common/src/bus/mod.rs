//! The way to NATS: connection, subjects, topology, publishing, pulling. All calls of async-nats are here.
//!
//! What the broker does and does not promise is in `nats/README.md`; the rules that follow from it are kept here, so
//! that a role can not break them: every publish is acked or repeated, every decision reads the leader, every event
//! is a swap.

mod config_store;
mod connect;
mod consume;
mod control;
mod counters;
mod dead_jobs;
mod delays;
mod error;
mod events;
mod figures;
mod follow;
pub mod headers;
mod jobs;
#[cfg(test)]
mod permissions;
mod presence;
mod publish;
mod pull;
mod pulled;
mod reach;
mod read;
mod remove;
mod replies;
mod sentinel;
mod servers;
pub mod subjects;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod topology;
mod unclaimed;
mod webhooks;

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_nats::jetstream;
use tokio::sync::watch;

pub use config_store::{ConfigStore, ConfigWriteError};
pub use connect::{BusOptions, Connection, MINIMUM_SERVER, StreamLimits};
pub use consume::{ConsumerPosition, PullConsumer};
pub use control::{CancelNotices, DisableEndpoint, DisableRequest, DisableRequests};
pub use delays::{Forwarded, FoundMessage, Place};
pub use error::{BusError, PublishError, StoredEvent, WriteError};
pub use events::JobEvents;
pub use figures::{QueueFigures, StreamFill};
pub use follow::{EventFeed, Follow};
pub use jobs::{LaneConsumer, Queue, Work, WorkBell, WorkMessage};
pub use presence::{OfferedModel, Presence};
pub use pulled::Pulled;
pub use replies::{Reply, ReplyKind, ReplySubscription};
pub use topology::{FixedConsumer, PRESENCE_TTL};
pub use unclaimed::ParkedMessage;

use self::servers::Servers;
use crate::clock::SharedClock;

/// How long a read or an administrative call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(3);
/// How long one try of a publish waits for its ack before it is repeated.
const ACK_TIMEOUT: Duration = Duration::from_millis(1500);

/// The pause between two tries of a call at a start.
const START_PAUSE: Duration = Duration::from_millis(200);

/// A process's connection to the broker. Cheap to clone.
#[derive(Clone)]
pub struct Bus {
    client: async_nats::Client,
    jetstream: jetstream::Context,
    clock: SharedClock,
    connection: watch::Receiver<Connection>,
    /// How long a start waits for JetStream.
    patience: Duration,
    replicas: usize,
    limits: StreamLimits,
    ack_wait: Duration,
    events: JobEvents,
    servers: Servers,
    /// The streams and models whose consumers are known to be there.
    ensured: Arc<Mutex<HashSet<(String, String)>>>,
    /// Rung when a stream or a fixed consumer was not found: whoever keeps the topology makes it anew.
    missing_part: Arc<tokio::sync::Notify>,
}

impl Bus {
    /// The events of jobs.
    pub fn events(&self) -> &JobEvents {
        &self.events
    }

    /// How long a pulled message may stay without a sign of life before it is given to somebody else.
    pub fn ack_wait(&self) -> Duration {
        self.ack_wait
    }

    /// The clock that stamps what this bus writes.
    pub fn clock(&self) -> &SharedClock {
        &self.clock
    }

    /// Whether the connection stands, since when, and how often it was made anew.
    pub fn connection(&self) -> watch::Receiver<Connection> {
        self.connection.clone()
    }

    /// Asks the broker for a sign of life of JetStream, within a second.
    pub async fn check(&self) -> Result<(), BusError> {
        tokio::time::timeout(Duration::from_secs(1), self.jetstream.query_account())
            .await
            .map_err(|_| BusError::Unavailable("no answer within a second".to_owned()))?
            .map(drop)
            .map_err(BusError::unavailable)
    }

    /// Sends out what is still buffered and closes the connection, within two seconds.
    pub async fn close(&self) {
        let _ = tokio::time::timeout(Duration::from_secs(2), async {
            let _ = self.client.flush().await;
            let _ = self.client.drain().await;
        })
        .await;
    }

    /// The version that the server reports.
    pub fn server_version(&self) -> String {
        self.client.server_info().version
    }

    /// A stream, without asking whether it is there.
    async fn stream(&self, name: &str) -> Result<jetstream::stream::Stream<()>, BusError> {
        self.jetstream.get_stream_no_info(name).await.map_err(BusError::unavailable)
    }
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bus").field("connection", &*self.connection.borrow()).finish()
    }
}

/// Bounds a call to the broker.
async fn bounded<T, E: std::fmt::Display>(
    call: impl Future<Output = Result<T, E>>,
) -> Result<T, BusError> {
    tokio::time::timeout(CALL_TIMEOUT, call)
        .await
        .map_err(|_| BusError::Unavailable(format!("no answer within {CALL_TIMEOUT:?}")))?
        .map_err(BusError::unavailable)
}

/// Makes a call at a start: again and again while the broker does not answer it, for at most `patience`. A cluster that
/// chooses a leader answers nothing for seconds, and a process that ended over it would have to be started again.
async fn patiently<T, F>(patience: Duration, call: impl Fn() -> F) -> Result<T, BusError>
where
    F: Future<Output = Result<T, BusError>>,
{
    let deadline = tokio::time::Instant::now() + patience;
    loop {
        match call().await {
            Err(BusError::Unavailable(reason)) if tokio::time::Instant::now() < deadline => {
                tracing::debug!(reason, "JetStream does not answer yet");
                tokio::time::sleep(START_PAUSE).await;
            }
            done => return done,
        }
    }
}
