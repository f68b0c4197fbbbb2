//! Telling the broker that work on a delivery goes on.

use std::convert::Infallible;
use std::time::Duration;

use common::bus::Pulled;

/// A third of the consumer's `ack_wait` (`nats/consumers/deliver.json`).
const BEAT: Duration = Duration::from_secs(10);

/// Does `work` and renews the message's ack wait until it is done.
pub(crate) async fn during<T>(pulled: &Pulled, work: impl Future<Output = T>) -> T {
    tokio::select! {
        done = work => done,
        never = beat(pulled) => match never {},
    }
}

async fn beat(pulled: &Pulled) -> Infallible {
    loop {
        tokio::time::sleep(BEAT).await;
        if let Err(error) = pulled.progress().await {
            tracing::debug!(%error, "a delivery could not be kept");
        }
    }
}
