//! A real HTTP receiver of webhooks, whose answers the test sets.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use common::clock::{Clock as _, SystemClock};
use common::webhook::{SignatureError, Verifier, WebhookPayload};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::background::background;
use crate::wait::{PATIENCE, within};

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// The path that was called.
    pub path: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, byte for byte.
    pub body: Bytes,
    /// The status that it was answered with; none while it is held, or when the sender went away before.
    pub answered: Option<u16>,
}

impl Received {
    /// A header as text; empty when it is not there.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The id that all attempts of a delivery share.
    pub fn webhook_id(&self) -> &str {
        self.header("webhook-id")
    }

    /// What is told.
    #[track_caller]
    pub fn payload(&self) -> WebhookPayload {
        serde_json::from_slice(&self.body).expect("a webhook is a payload")
    }

    /// Panics unless the signature fits a secret or public key.
    #[track_caller]
    pub fn verify(&self, key: &str) {
        assert_eq!(self.check(key), Ok(()), "{:?}", self.headers);
    }

    /// Whether the signature fits a secret or public key.
    pub fn check(&self, key: &str) -> Result<(), SignatureError> {
        Verifier::new(key)?.verify(
            self.webhook_id(),
            self.header("webhook-timestamp"),
            self.header("webhook-signature"),
            &self.body,
            SystemClock.now(),
        )
    }
}

/// What the receiver does with a request.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Manner {
    Answer(u16),
    Serve(&'static str, Bytes),
    Redirect(String),
    /// Holds it until the test sets an answer.
    Hold,
}

/// A receiver on a free loopback port; gone when it is dropped.
pub struct Receiver {
    address: SocketAddr,
    manner: Arc<watch::Sender<Manner>>,
    received: watch::Receiver<Vec<Received>>,
    task: AbortHandle,
}

#[derive(Clone)]
struct Shared {
    manner: Arc<watch::Sender<Manner>>,
    received: Arc<watch::Sender<Vec<Received>>>,
}

impl Receiver {
    /// A receiver that accepts everything.
    pub async fn start() -> Self {
        let manner = Arc::new(watch::Sender::new(Manner::Answer(204)));
        let (sender, received) = watch::channel(Vec::new());
        let shared = Shared { manner: Arc::clone(&manner), received: Arc::new(sender) };
        let (bound, address) = tokio::sync::oneshot::channel();
        let task = background().spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
            let _ = bound.send(listener.local_addr().expect("a bound listener has an address"));
            let router = Router::new().fallback(answer).with_state(shared);
            axum::serve(listener, router).await.expect("serving does not end");
        });
        let address = address.await.expect("the receiver is bound");
        Self { address, manner, received, task: task.abort_handle() }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.url_of("hook")
    }

    /// A URL of its own for a test that tells several apart.
    pub fn url_of(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// From now on it answers with this status.
    pub fn answers(&self, status: u16) {
        self.manner.send_replace(Manner::Answer(status));
    }

    /// From now on it holds requests until it is told to answer.
    pub fn holds(&self) {
        self.manner.send_replace(Manner::Hold);
    }

    /// From now on it answers with these bytes, of this media type.
    pub fn serves(&self, content_type: &'static str, body: impl Into<Bytes>) {
        self.manner.send_replace(Manner::Serve(content_type, body.into()));
    }

    /// From now on it sends everybody elsewhere.
    pub fn redirects_to(&self, url: &str) {
        self.manner.send_replace(Manner::Redirect(url.to_owned()));
    }

    /// Everything that came so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.borrow().clone()
    }

    /// Waits until so many requests came, and gives all.
    #[track_caller]
    pub fn wait_for(&self, count: usize) -> impl Future<Output = Vec<Received>> {
        let mut received = self.received.clone();
        within(PATIENCE, "a webhook", async move {
            let enough = received.wait_for(|all| all.len() >= count).await;
            enough.expect("the receiver lives as long as the test").clone()
        })
    }
}

async fn answer(
    State(shared): State<Shared>,
    uri: axum::http::Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let request = Received { path: uri.path().to_owned(), headers, body, answered: None };
    let mut place = 0;
    shared.received.send_modify(|all| {
        place = all.len();
        all.push(request);
    });
    let mut manner = shared.manner.subscribe();
    let decided =
        manner.wait_for(|manner| *manner != Manner::Hold).await.map(|manner| manner.clone());
    let response = match decided {
        Ok(Manner::Answer(status)) => {
            StatusCode::from_u16(status).expect("tests answer with legal statuses").into_response()
        }
        Ok(Manner::Serve(content_type, body)) => {
            ([(CONTENT_TYPE, content_type)], body).into_response()
        }
        Ok(Manner::Redirect(url)) => (StatusCode::FOUND, [(LOCATION, url)]).into_response(),
        Ok(Manner::Hold) | Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    };
    // Before the sender can know it.
    let status = response.status().as_u16();
    shared.received.send_modify(|all| all[place].answered = Some(status));
    response
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}
