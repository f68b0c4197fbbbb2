//! Publishing with acks.

use std::time::Duration;

use async_nats::jetstream;
use bytes::Bytes;
use tokio::time::Instant;

use super::{SIZE, new_stream, remove};
use crate::load::{Latencies, Operation, Plan, closed, open};
use crate::system::Broker;

struct Publish {
    jetstream: jetstream::Context,
    subject: String,
    body: Bytes,
    count: u64,
}

/// What raw publishes found.
pub(crate) struct Published {
    /// Those that count, and how long they took.
    done: u64,
    elapsed: Duration,
    /// All, with those of the warm-up.
    pub(crate) with_warm_up: u64,
    /// Time of each that counts.
    pub(crate) latencies: Latencies,
}

impl Published {
    /// Messages a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }
}

impl Operation for Publish {
    async fn run(&mut self, _: Instant) -> anyhow::Result<u64> {
        self.count += 1;
        let subject = format!("{}.{}", self.subject, self.count);
        self.jetstream.publish(subject, self.body.clone()).await?.await?;
        Ok(1)
    }
}

/// Publishes 1 KiB messages, `at_once` under way, each waiting for its ack, over this many connections.
pub(crate) async fn publish(
    broker: &Broker,
    connections: usize,
    at_once: usize,
    warm_up: Duration,
    lasting: Duration,
) -> anyhow::Result<Published> {
    let (jetstream, operations) = prepare(broker, connections, at_once).await?;
    let (operations, warm) = closed(operations, warm_up).await;
    let (_, measured) = closed(operations, lasting).await;
    remove(&jetstream).await;
    let measured = measured.faultless("raw publishes")?;
    Ok(Published {
        done: measured.done,
        elapsed: measured.elapsed,
        with_warm_up: measured.done + warm.done,
        latencies: measured.latencies,
    })
}

/// Publishes at a steady rate over one connection, at most `at_once` under way.
pub(crate) async fn publish_steadily(
    broker: &Broker,
    at_once: usize,
    plan: Plan,
) -> anyhow::Result<Published> {
    let (jetstream, operations) = prepare(broker, 1, at_once).await?;
    let (_, measured) = open(operations, plan).await;
    remove(&jetstream).await;
    let measured = measured.faultless("raw publishes")?;
    Ok(Published {
        done: measured.done,
        elapsed: measured.elapsed,
        with_warm_up: measured.done,
        latencies: measured.latencies,
    })
}

async fn prepare(
    broker: &Broker,
    connections: usize,
    at_once: usize,
) -> anyhow::Result<(jetstream::Context, Vec<Publish>)> {
    let mut contexts = Vec::with_capacity(connections);
    for _ in 0..connections {
        contexts.push(jetstream::new(broker.connect().await?));
    }
    new_stream(&contexts[0]).await?;
    let body = Bytes::from(vec![b'x'; SIZE]);
    let operations = (0..at_once).map(|index| Publish {
        jetstream: contexts[index % connections].clone(),
        subject: format!("raw.{index}"),
        body: body.clone(),
        count: 0,
    });
    let operations = operations.collect();
    Ok((contexts.swap_remove(0), operations))
}
