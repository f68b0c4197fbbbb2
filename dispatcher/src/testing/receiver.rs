//! A real HTTP receiver whose answers the test sets.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Response};
use futures::StreamExt;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// What the receiver answers.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: ReplyBody,
    /// Holds the request until the test sets another answer.
    pub(crate) silent: bool,
}

/// The body of an answer.
#[derive(Clone, Debug)]
pub(crate) enum ReplyBody {
    Text(String),
    /// A kilobyte now and then, for ever.
    Endless,
    /// As much as is read, as fast as it is read.
    Flood,
}

impl Reply {
    pub(crate) fn status(status: u16) -> Self {
        let body = ReplyBody::Text(format!("status {status}"));
        Self { status, headers: Vec::new(), body, silent: false }
    }

    pub(crate) fn silent() -> Self {
        Self { silent: true, ..Self::status(200) }
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, body: ReplyBody) -> Self {
        self.body = body;
        self
    }
}

/// A request as it came in.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// A receiver on a free loopback port; gone when it is dropped.
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    requests: watch::Receiver<Vec<Request>>,
    _server: JoinSet<()>,
}

struct Shared {
    reply: watch::Sender<Reply>,
    requests: watch::Sender<Vec<Request>>,
}

impl Receiver {
    /// Starts with this answer to everything.
    pub(crate) async fn start(reply: Reply) -> Self {
        let (sender, requests) = watch::channel(Vec::new());
        let shared = Arc::new(Shared { reply: watch::Sender::new(reply), requests: sender });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let mut server = JoinSet::new();
        server.spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, requests, _server: server }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    pub(crate) fn port(&self) -> u16 {
        self.address.port()
    }

    /// Answers like this from now on.
    pub(crate) fn set(&self, reply: Reply) {
        self.shared.reply.send_replace(reply);
    }

    pub(crate) fn count(&self) -> usize {
        self.requests.borrow().len()
    }

    /// Waits until `count` requests came in and returns all of them.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Request> {
        let mut requests = self.requests.clone();
        let wait = requests.wait_for(|requests| requests.len() >= count);
        tokio::time::timeout(Duration::from_secs(20), wait)
            .await
            .unwrap_or_else(|_| panic!("{} of {count} requests came in time", self.count()))
            .unwrap()
            .clone()
    }
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    shared.requests.send_modify(|requests| requests.push(Request { headers, body }));
    let mut replies = shared.reply.subscribe();
    let reply = replies.wait_for(|reply| !reply.silent).await.unwrap().clone();
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    response.body(body_of(reply.body)).unwrap()
}

fn body_of(body: ReplyBody) -> Body {
    let kilobyte = || Ok::<_, Infallible>(Bytes::from_static(&[b'x'; 1024]));
    match body {
        ReplyBody::Text(text) => Body::from(text),
        ReplyBody::Flood => Body::from_stream(futures::stream::repeat_with(kilobyte)),
        ReplyBody::Endless => {
            let pauses = futures::stream::repeat(())
                .then(|()| tokio::time::sleep(Duration::from_millis(20)));
            Body::from_stream(pauses.map(move |()| kilobyte()))
        }
    }
}
