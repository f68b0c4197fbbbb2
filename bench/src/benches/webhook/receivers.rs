//! Receivers of webhooks, each on a port of its own, as each is a host of its own in life.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// How long a slow receiver takes.
const SLOW: Duration = Duration::from_secs(10);

/// What a receiver is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Answers at once.
    Healthy,
    /// Nobody listens.
    Dead,
    /// Answers after ten seconds.
    Slow,
}

/// What has arrived at healthy receivers: the number at the end of its address, and when.
#[derive(Default)]
pub(super) struct Arrivals {
    all: Mutex<Vec<(usize, Instant)>>,
    one_more: Notify,
}

/// Receivers. They end when this is dropped.
pub(super) struct Receivers {
    /// Their addresses, in order.
    pub(super) addresses: Vec<SocketAddr>,
    /// What the healthy ones got.
    pub(super) arrivals: Arc<Arrivals>,
    _tasks: JoinSet<()>,
}

impl Receivers {
    /// Starts one of each of these kinds.
    pub(super) async fn start(kinds: &[Kind]) -> anyhow::Result<Self> {
        let (mut addresses, mut tasks) = (Vec::new(), JoinSet::new());
        let arrivals = Arc::new(Arrivals::default());
        for kind in kinds {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            addresses.push(listener.local_addr()?);
            if *kind != Kind::Dead {
                tasks.spawn(serve(listener, *kind, Arc::clone(&arrivals)));
            }
        }
        Ok(Self { addresses, arrivals, _tasks: tasks })
    }

    /// The address of a receiver's webhook with this number.
    pub(super) fn url(&self, receiver: usize, number: usize) -> String {
        format!("http://{}/{number}", self.addresses[receiver])
    }
}

impl Arrivals {
    /// Waits until so many deliveries have arrived whose number is wanted, and gives the first arrival of each.
    pub(super) async fn wait(
        &self,
        count: usize,
        patience: Duration,
        wanted: impl Fn(usize) -> bool,
    ) -> anyhow::Result<Vec<(usize, Instant)>> {
        let until = Instant::now() + patience;
        loop {
            let news = self.one_more.notified();
            let mut found = self.all.lock().unwrap_or_else(PoisonError::into_inner).clone();
            found.retain(|(number, _)| wanted(*number));
            // A delivery may come twice; its first arrival counts.
            found.sort_unstable();
            found.dedup_by_key(|(number, _)| *number);
            if found.len() >= count {
                return Ok(found);
            }
            let left = count - found.len();
            // Looked at now and then, not at each arrival.
            tokio::time::sleep(Duration::from_millis(20)).await;
            let came = tokio::time::timeout_at(until, news).await;
            anyhow::ensure!(came.is_ok(), "{left} of {count} deliveries did not arrive");
        }
    }

    fn note(&self, number: usize) {
        let now = Instant::now();
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push((number, now));
        self.one_more.notify_one();
    }
}

async fn serve(listener: TcpListener, kind: Kind, arrivals: Arc<Arrivals>) {
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(connection(stream, kind, Arc::clone(&arrivals)));
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, kind: Kind, arrivals: Arc<Arrivals>) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let arrivals = Arc::clone(&arrivals);
        async move { Ok::<_, Infallible>(answer(request, kind, &arrivals).await) }
    });
    // A dispatcher that goes away is no failure of ours.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(
    request: Request<Incoming>,
    kind: Kind,
    arrivals: &Arrivals,
) -> Response<Full<Bytes>> {
    let number = request.uri().path().trim_start_matches('/').parse::<usize>();
    let read = request.into_body().collect().await;
    if kind == Kind::Slow {
        tokio::time::sleep(SLOW).await;
    } else if let (Ok(number), Ok(_)) = (number, read) {
        arrivals.note(number);
    }
    Response::new(Full::new(Bytes::new()))
}
