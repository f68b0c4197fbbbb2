//! A stretch of network that breaks off at one certain message from a role to the broker: before it passes, or right
//! after. Whoever is killed then dies at exactly that step.

mod said;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

use crate::background::background;
use crate::wait::{PATIENCE, within};
pub use said::Said;

/// Which side of the message the network breaks off on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The broker never hears the message.
    Before,
    /// The broker hears the message; the role never hears that it did.
    After,
}

type Wanted = Arc<dyn Fn(&Said) -> bool + Send + Sync>;

/// The stretch of network. Everything passes until the message comes, and nothing afterwards.
pub struct Trap {
    address: SocketAddr,
    sprung: watch::Receiver<bool>,
    open: watch::Sender<bool>,
    task: AbortHandle,
}

impl Trap {
    /// A trap on the way to `nats://host:port` for the first message that is `wanted`.
    pub async fn on(
        target: &str,
        side: Side,
        wanted: impl Fn(&Said) -> bool + Send + Sync + 'static,
    ) -> Self {
        let target = target.trim_start_matches("nats://").to_owned();
        let wanted: Wanted = Arc::new(wanted);
        let spring = Arc::new(watch::Sender::new(false));
        let sprung = spring.subscribe();
        let open = watch::Sender::new(false);
        let mut is_open = open.subscribe();
        let (sender, address) = tokio::sync::oneshot::channel();
        let task = background().spawn(async move {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a loopback port is free");
            let _ = sender.send(listener.local_addr().expect("a bound listener has an address"));
            let mut lines = JoinSet::new();
            loop {
                tokio::select! {
                    Ok((near, _)) = listener.accept() => {
                        let jaws = (!*is_open.borrow()).then(|| Jaws {
                            side,
                            wanted: Arc::clone(&wanted),
                            spring: Arc::clone(&spring),
                        });
                        lines.spawn(line(near, target.clone(), jaws));
                    }
                    Ok(()) = is_open.changed() => lines.abort_all(),
                }
            }
        });
        let address = address.await.expect("the trap is bound");
        Self { address, sprung, open, task: task.abort_handle() }
    }

    /// The `nats://` address on the role's side.
    pub fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Cuts what is connected; new connections pass everything, for good.
    pub fn open(&self) {
        self.open.send_replace(true);
    }

    /// Whether the message has come.
    pub fn has_sprung(&self) -> bool {
        *self.sprung.borrow()
    }

    /// Waits until the message has come.
    #[track_caller]
    pub fn springs(&self) -> impl Future<Output = ()> + use<> {
        let mut sprung = self.sprung.clone();
        within(PATIENCE, "the message that the trap is for", async move {
            let sprung = sprung.wait_for(|sprung| *sprung).await;
            drop(sprung.expect("the trap keeps the sender"));
        })
    }
}

impl Drop for Trap {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What breaks a line off.
struct Jaws {
    side: Side,
    wanted: Wanted,
    spring: Arc<watch::Sender<bool>>,
}

/// One connection; without jaws everything passes.
async fn line(mut near: TcpStream, target: String, jaws: Option<Jaws>) {
    let Ok(mut far) = TcpStream::connect(target).await else { return };
    let _ = (near.set_nodelay(true), far.set_nodelay(true));
    let Some(jaws) = jaws else {
        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
        return;
    };
    let (near_read, near_write) = near.into_split();
    let (far_read, far_write) = far.into_split();
    let hears = hear(far_read, near_write, jaws.spring.subscribe());
    tokio::select! {
        () = speak(near_read, far_write, jaws) => {}
        () = hears => {}
    }
}

/// From the role to the broker, message by message.
async fn speak(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, jaws: Jaws) {
    let mut buffer = BytesMut::with_capacity(64 * 1024);
    loop {
        while let Some(said) = Said::take(&mut buffer) {
            let caught = !*jaws.spring.borrow() && (jaws.wanted)(&said);
            if caught {
                // Before the message passes: its ack must not come back.
                jaws.spring.send_replace(true);
                if jaws.side == Side::After {
                    let _ = to.write_all(&said.bytes).await;
                    let _ = to.flush().await;
                }
            }
            if *jaws.spring.borrow() {
                // The connection stays open, so that the role notices nothing.
                return std::future::pending().await;
            }
            if to.write_all(&said.bytes).await.is_err() {
                return;
            }
        }
        match from.read_buf(&mut buffer).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// From the broker to the role, until the trap springs.
async fn hear(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, sprung: watch::Receiver<bool>) {
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let Ok(count @ 1..) = from.read(&mut buffer).await else { return };
        if *sprung.borrow() {
            return std::future::pending().await;
        }
        if to.write_all(&buffer[..count]).await.is_err() {
            return;
        }
    }
}
