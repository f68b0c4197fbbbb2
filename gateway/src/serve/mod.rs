//! Accepting connections and serving them until the process stops.
//!
//! Own loop instead of `axum::serve`, for the limits that it does not set: time to send a head, size of a head,
//! number of connections, and a hard stop.

mod connection;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use common::lifecycle::Lifecycle;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many connections one gateway holds; more wait in the kernel's queue.
const MAX_CONNECTIONS: usize = 16_384;
/// How long to wait after the system refused a connection, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until the soft stop; then requests in flight finish, until the hard stop drops them.
pub(crate) async fn serve(listener: TcpListener, router: Router, lifecycle: Lifecycle) {
    let permits = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let (soft, hard) = (lifecycle.soft(), lifecycle.hard());
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = soft.cancelled() => break,
            Some(_) = connections.join_next() => continue,
            accepted = accept(&listener, &permits) => accepted,
        };
        match accepted {
            Ok((stream, peer, permit)) => {
                let connection = connection::serve(stream, peer, router.clone(), soft.clone());
                connections.spawn(async move {
                    connection.await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    tokio::select! {
        () = hard.cancelled() => connections.shutdown().await,
        () = async { while connections.join_next().await.is_some() {} } => {}
    }
}

async fn accept(
    listener: &TcpListener,
    permits: &Arc<Semaphore>,
) -> io::Result<(tokio::net::TcpStream, std::net::SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let permit = Arc::clone(permits).acquire_owned().await.map_err(io::Error::other)?;
    let (stream, peer) = listener.accept().await?;
    // Small answers and stream chunks go out at once.
    stream.set_nodelay(true)?;
    Ok((stream, peer, permit))
}

#[cfg(test)]
mod tests;
