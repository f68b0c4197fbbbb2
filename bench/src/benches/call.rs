//! A request that is sent again and again.

use std::net::SocketAddr;

use bytes::Bytes;
use tokio::time::Instant;

use crate::http::Connection;
use crate::load::Operation;

/// The same request over one connection.
pub(super) struct Call {
    connection: Connection,
    request: Bytes,
    status: u16,
    counts: u64,
}

impl Call {
    /// A request that must be answered with `status`, and counts as so many things done.
    pub(super) fn new(address: SocketAddr, request: Bytes, status: u16, counts: u64) -> Self {
        Self { connection: Connection::new(address), request, status, counts }
    }

    /// So many of the same.
    pub(super) fn many(count: usize, make: impl Fn() -> Self) -> Vec<Self> {
        (0..count).map(|_| make()).collect()
    }
}

impl Operation for Call {
    async fn run(&mut self, _: Instant) -> anyhow::Result<u64> {
        self.connection.call(&self.request).await?.expect(self.status)?;
        Ok(self.counts)
    }
}
