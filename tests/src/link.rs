//! The network between a role and the broker, which a test can hold, make one-sided, or cut.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::background::background;

/// What the network does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Everything passes.
    Open,
    /// What the broker says is held back; what the role says passes.
    Deaf,
    /// Nothing passes; what was said meanwhile passes later.
    Held,
    /// Connections are closed and refused.
    Cut,
}

/// How the network is now.
#[derive(Clone, Copy, Debug)]
struct Weather {
    state: State,
    /// How long each piece is on its way.
    delay: Duration,
    /// How often all connections were closed.
    resets: u64,
}

/// A stretch of network. It ends when it is dropped.
pub struct Link {
    address: SocketAddr,
    state: Arc<watch::Sender<Weather>>,
    hindered: Arc<AtomicU64>,
    task: AbortHandle,
}

impl Link {
    /// A link to `host:port`, open.
    pub async fn to(target: &str) -> Self {
        let target = target.trim_start_matches("nats://").to_owned();
        let state = Arc::new(watch::Sender::new(Weather {
            state: State::Open,
            delay: Duration::ZERO,
            resets: 0,
        }));
        let task_state = Arc::clone(&state);
        let hindered = Arc::<AtomicU64>::default();
        let task_hindered = Arc::clone(&hindered);
        let (sender, address) = tokio::sync::oneshot::channel();
        let task = background().spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
            let _ = sender.send(listener.local_addr().expect("a bound listener has an address"));
            let mut lines = JoinSet::new();
            while let Ok((near, _)) = listener.accept().await {
                if task_state.borrow().state == State::Cut {
                    task_hindered.fetch_add(1, Ordering::Relaxed);
                } else {
                    let hindered = Arc::clone(&task_hindered);
                    lines.spawn(line(near, target.clone(), task_state.subscribe(), hindered));
                }
                while lines.try_join_next().is_some() {}
            }
        });
        let address = address.await.expect("the link is bound");
        Self { address, state, hindered, task: task.abort_handle() }
    }

    /// The `nats://` address on the role's side.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Host and port on the near side.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How often it hindered somebody so far: connections closed or refused, pieces held or late.
    pub fn hindered(&self) -> u64 {
        self.hindered.load(Ordering::Relaxed)
    }

    /// From now on the role hears nothing, but is heard.
    pub fn deafen(&self) {
        self.becomes(State::Deaf);
    }

    /// From now on nothing passes, and nothing is lost.
    pub fn hold(&self) {
        self.becomes(State::Held);
    }

    /// Closes every connection and refuses new ones.
    pub fn cut(&self) {
        self.becomes(State::Cut);
    }

    /// Closes every connection; new ones pass.
    pub fn reset(&self) {
        self.state.send_modify(|weather| weather.resets += 1);
    }

    /// From now on each piece is on its way for this long.
    pub fn delay(&self, delay: Duration) {
        self.state.send_modify(|weather| weather.delay = delay);
    }

    /// Everything passes again, at once.
    pub fn mend(&self) {
        self.delay(Duration::ZERO);
        self.becomes(State::Open);
    }

    fn becomes(&self, state: State) {
        self.state.send_modify(|weather| weather.state = state);
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.becomes(State::Cut);
        self.task.abort();
    }
}

/// One connection.
async fn line(
    near: TcpStream,
    target: String,
    mut state: watch::Receiver<Weather>,
    hindered: Arc<AtomicU64>,
) {
    let Ok(far) = TcpStream::connect(target).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let resets = state.borrow().resets;
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    let speaks = pump(near_read, far_write, state.clone(), &hindered, |state| {
        matches!(state, State::Open | State::Deaf)
    });
    let hears = pump(far_read, near_write, state.clone(), &hindered, |state| state == State::Open);
    tokio::select! {
        () = speaks => {}
        () = hears => {}
        _ = state.wait_for(|now| now.state == State::Cut || now.resets != resets) => {
            hindered.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn pump(
    mut from: tokio::net::tcp::OwnedReadHalf,
    mut to: tokio::net::tcp::OwnedWriteHalf,
    mut state: watch::Receiver<Weather>,
    hindered: &AtomicU64,
    passes: impl Fn(State) -> bool,
) {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let Ok(count) = from.read(&mut buffer).await else { return };
        let Weather { delay, state: now, .. } = *state.borrow();
        if count > 0 && (!delay.is_zero() || !passes(now)) {
            hindered.fetch_add(1, Ordering::Relaxed);
        }
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        if count == 0 || state.wait_for(|now| passes(now.state)).await.is_err() {
            return;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
