//! Telling the broker that work on a delivery goes on.

use std::convert::Infallible;
use std::time::Duration;

use common::bus::Pulled;

/// Does `work` and renews the message's ack wait, at every third of it, until it is done.
pub(crate) async fn during<T>(
    pulled: &Pulled,
    ack_wait: Duration,
    work: impl Future<Output = T>,
) -> T {
    tokio::select! {
        done = work => done,
        never = beat(pulled, ack_wait / 3) => match never {},
    }
}

async fn beat(pulled: &Pulled, period: Duration) -> Infallible {
    loop {
        tokio::time::sleep(period).await;
        if let Err(error) = pulled.progress().await {
            tracing::debug!(%error, "a delivery could not be kept");
        }
    }
}
