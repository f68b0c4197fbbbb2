//! A scripted OpenAI-compatible upstream: real HTTP on a free loopback port. It answers as it was told, one script
//! per request, remembers what it was asked, and notices when a client leaves.

mod answer;
mod connection;
mod embeddings;
mod llama;
mod serve;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use answer::{Answer, End};
use connection::Door;
pub use llama::Llama;
use serve::State;

/// How long a test waits for something that must happen.
const PATIENCE: Duration = Duration::from_secs(10);

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its path.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, byte for byte.
    pub body: Bytes,
}

impl Asked {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// A header as text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// The upstream. It serves until it is dropped, which closes its connections.
pub struct Upstream {
    address: SocketAddr,
    state: Arc<State>,
    open: watch::Receiver<usize>,
    closing: CancellationToken,
    _serving: JoinSet<()>,
}

impl Upstream {
    /// An upstream with these models, which answers everything as [`Answer::Fit`] until told otherwise.
    pub async fn start(models: &[&str]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
        let address = listener.local_addr().expect("a bound listener has an address");
        let closing = CancellationToken::new();
        let (door, open) = Door::new(listener, closing.clone());
        let state = Arc::new(State::new(models));
        let mut serving = JoinSet::new();
        serving.spawn(serve::serve(door, Arc::clone(&state)));
        Self { address, state, open, closing, _serving: serving }
    }

    /// Its address, without `/v1`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The next request that has no script yet is answered like this.
    pub fn will(&self, answer: Answer) {
        self.state.script(answer);
    }

    /// From now on it lists these models.
    pub fn lists(&self, models: &[&str]) {
        self.state.list(serve::Listing::Models(models.iter().map(ToString::to_string).collect()));
    }

    /// From now on a question for its models is answered with this status.
    pub fn refuses_to_list(&self, status: u16) {
        self.state.list(serve::Listing::Status(status));
    }

    /// What it was asked so far, apart from its models.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.asked.borrow().clone()
    }

    /// Waits until it was asked `count` times, and gives the last of these requests.
    pub async fn asked_times(&self, count: usize) -> Asked {
        let asked = wait_for(&self.state.asked, "a request", |asked| asked.len() >= count).await;
        asked[count - 1].clone()
    }

    /// Waits until it was asked for its models `count` times more than until now.
    pub async fn listed_again(&self, count: usize) {
        let until = *self.state.listed.borrow() + count;
        wait_for(&self.state.listed, "a question for the models", |listed| *listed >= until).await;
    }

    /// Waits until `count` clients have left before their answer was complete.
    pub async fn clients_left(&self, count: usize) {
        wait_for(&self.state.left, "a client to leave", |left| *left >= count).await;
    }

    /// How many connections are open.
    pub fn open_connections(&self) -> usize {
        *self.open.borrow()
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.closing.cancel();
    }
}

async fn wait_for<T: Clone>(
    what: &watch::Sender<T>,
    name: &str,
    reached: impl FnMut(&T) -> bool,
) -> T {
    let mut changes = what.subscribe();
    let waited = tokio::time::timeout(PATIENCE, changes.wait_for(reached)).await;
    let value = waited.unwrap_or_else(|_| panic!("waited {PATIENCE:?} in vain for {name}"));
    value.expect("the sender lives as long as the upstream").clone()
}
