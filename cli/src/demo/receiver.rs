//! The application of the demo: an HTTP server that takes webhooks, after refusing the first one.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use crate::failure::Failure;

/// How long a webhook may take to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// One request as it arrived.
#[derive(Debug)]
pub(super) struct Received {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    /// What it was answered.
    pub(super) answer: StatusCode,
}

impl Received {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The receiver.
pub(super) struct Receiver {
    url: String,
    requests: Mutex<mpsc::Receiver<Received>>,
    server: JoinHandle<()>,
}

impl Receiver {
    pub(super) async fn start() -> Result<Self, Failure> {
        let (sender, requests) = mpsc::channel(16);
        let state = (sender, Arc::new(AtomicUsize::new(0)));
        let router = Router::new().route("/hook", post(receive)).with_state(state);
        let (url, server) = listen(router).await?;
        let url = format!("{}/hook", url.trim_end_matches("/v1"));
        Ok(Self { url, requests: Mutex::new(requests), server })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// The next request.
    pub(super) async fn next(&self) -> Result<Received, Failure> {
        let mut requests = self.requests.lock().await;
        tokio::time::timeout(PATIENCE, requests.recv())
            .await
            .ok()
            .flatten()
            .ok_or_else(|| Failure::general("no webhook arrived"))
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.server.abort();
    }
}

type Inbox = (mpsc::Sender<Received>, Arc<AtomicUsize>);

async fn receive(
    State((sender, count)): State<Inbox>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let first = count.fetch_add(1, Ordering::Relaxed) == 0;
    let answer = if first { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::NO_CONTENT };
    let _ = sender.send(Received { headers, body, answer }).await;
    answer
}

/// Serves a router on a free loopback port; returns its base URL with `/v1`.
#[expect(clippy::disallowed_methods, reason = "a peer of the demo, not a part of the service")]
pub(super) async fn listen(router: Router) -> Result<(String, JoinHandle<()>), Failure> {
    let unusable =
        |error| Failure::general(format!("no free port on the loopback address: {error}"));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(unusable)?;
    let address = listener.local_addr().map_err(unusable)?;
    let server = tokio::spawn(async move {
        let _ = axum::serve(listener, router).await;
    });
    Ok((format!("http://{address}/v1"), server))
}
