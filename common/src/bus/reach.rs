//! Leaving a server that can not reach the others.
//!
//! A server that is parted from its cluster keeps its connections and answers nothing of JetStream: who is connected to
//! it would be cut off for as long as that lasts, although the other servers work.

use std::ops::RangeInclusive;
use std::time::Duration;

use tokio::time::Instant;

use super::{Bus, bounded};

/// The pauses between two looks while JetStream answers: a cluster's one leader answers them for the whole fleet.
const CALM: RangeInclusive<u64> = 3_000..=5_000;
/// The pause in milliseconds while it is silent.
const ALERT: u64 = 1_000;
/// How long JetStream may be silent before another server is tried: servers need several seconds to choose a leader,
/// and a connection that moves loses what is on its way to it.
const PATIENCE: Duration = Duration::from_secs(8);
/// The same after moves that changed nothing, each of which doubles it: then it is not this server that is parted, and
/// streams of tokens, which need no JetStream, are better left alone.
const LONGEST_PATIENCE: Duration = Duration::from_mins(1);
/// What may be added to the patience, in milliseconds, so that a fleet does not move in one moment.
const SPREAD: RangeInclusive<u64> = 0..=3_000;

impl Bus {
    /// Moves the connection to another server whenever JetStream has been silent for a while behind this one, for as
    /// long as it is polled. Does nothing where there is one server only.
    pub async fn keep_reaching(&self) {
        let mut silent_since = None;
        let mut patience = PATIENCE;
        loop {
            let pause = silent_since.map_or_else(|| rand::random_range(CALM), |_: Instant| ALERT);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            if !self.connection.borrow().connected || !self.has_other_servers().await {
                silent_since = None;
                continue;
            }
            if self.check().await.is_ok() {
                (silent_since, patience) = (None, PATIENCE);
                continue;
            }
            let since = *silent_since.get_or_insert_with(Instant::now);
            let spread = Duration::from_millis(rand::random_range(SPREAD));
            if since.elapsed() < patience + spread {
                continue;
            }
            tracing::warn!("JetStream is silent behind this server; trying another");
            (silent_since, patience) = (None, (patience * 2).min(LONGEST_PATIENCE));
            self.servers.leave();
            if let Err(error) = self.client.force_reconnect().await {
                tracing::warn!(%error, "the connection can not be moved");
            }
        }
    }

    async fn has_other_servers(&self) -> bool {
        bounded(self.client.server_pool()).await.is_ok_and(|pool| pool.len() > 1)
    }
}
