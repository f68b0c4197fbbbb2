//! Publishing with acks.

use std::time::Duration;

use anyhow::Context as _;
use async_nats::jetstream;
use bytes::Bytes;
use tokio::time::Instant;

use super::{SIZE, new_stream, remove};
use crate::load::{Measured, Operation, closed};
use crate::system::Broker;

/// How many connections are tried: one shares its flushes best, several use more of the server.
const CONNECTIONS: [usize; 2] = [1, 4];

struct Publish {
    jetstream: jetstream::Context,
    subject: String,
    body: Bytes,
    count: u64,
}

impl Operation for Publish {
    async fn run(&mut self, _: Instant) -> anyhow::Result<u64> {
        self.count += 1;
        let subject = format!("{}.{}", self.subject, self.count);
        self.jetstream.publish(subject, self.body.clone()).await?.await?;
        Ok(1)
    }
}

/// Publishes 1 KiB messages, `concurrency` at once, each waiting for its ack, over this many connections.
async fn publish(
    broker: &Broker,
    connections: usize,
    concurrency: usize,
    warm_up: Duration,
    lasting: Duration,
) -> anyhow::Result<Measured> {
    let mut contexts = Vec::with_capacity(connections);
    for _ in 0..connections {
        contexts.push(jetstream::new(broker.connect().await?));
    }
    new_stream(&contexts[0]).await?;
    let body = Bytes::from(vec![b'x'; SIZE]);
    let operations = (0..concurrency).map(|index| Publish {
        jetstream: contexts[index % connections].clone(),
        subject: format!("raw.{index}"),
        body: body.clone(),
        count: 0,
    });
    let (operations, _) = closed(operations.collect(), warm_up).await;
    let (_, measured) = closed(operations, lasting).await;
    remove(&contexts[0]).await;
    measured.faultless("raw publishes")
}

/// The faster of one and of several connections.
pub(crate) async fn best(
    broker: &Broker,
    concurrency: usize,
    warm_up: Duration,
    lasting: Duration,
) -> anyhow::Result<Measured> {
    let mut best: Option<Measured> = None;
    for connections in CONNECTIONS.into_iter().filter(|&count| count <= concurrency) {
        let measured = publish(broker, connections, concurrency, warm_up, lasting).await?;
        if best.as_ref().is_none_or(|best| measured.per_second() > best.per_second()) {
            best = Some(measured);
        }
    }
    best.context("at least one connection is tried")
}
