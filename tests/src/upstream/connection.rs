//! Connections that are counted, and that the server can close at any moment.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// Accepts connections.
pub(super) struct Door {
    listener: TcpListener,
    open: watch::Sender<usize>,
    closing: CancellationToken,
}

/// The other end of a connection, and the way to close it.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    hang_up: CancellationToken,
}

/// One connection.
pub(super) struct Line {
    stream: TcpStream,
    hung_up: Pin<Box<WaitForCancellationFutureOwned>>,
    open: watch::Sender<usize>,
}

impl Door {
    /// A door whose connections all close when `closing` is cancelled, and the number of open ones.
    pub(super) fn new(
        listener: TcpListener,
        closing: CancellationToken,
    ) -> (Self, watch::Receiver<usize>) {
        let open = watch::Sender::new(0);
        let count = open.subscribe();
        (Self { listener, open, closing }, count)
    }
}

impl Caller {
    /// Closes the connection.
    pub(super) fn hang_up(&self) {
        self.hang_up.cancel();
    }
}

impl Listener for Door {
    type Io = Line;
    type Addr = Caller;

    async fn accept(&mut self) -> (Line, Caller) {
        let (stream, _) = Listener::accept(&mut self.listener).await;
        let hang_up = self.closing.child_token();
        self.open.send_modify(|open| *open += 1);
        let hung_up = Box::pin(hang_up.clone().cancelled_owned());
        (Line { stream, hung_up, open: self.open.clone() }, Caller { hang_up })
    }

    fn local_addr(&self) -> io::Result<Caller> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Connected<IncomingStream<'_, Door>> for Caller {
    fn connect_info(stream: IncomingStream<'_, Door>) -> Self {
        stream.remote_addr().clone()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.open.send_modify(|open| *open -= 1);
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.hung_up.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
