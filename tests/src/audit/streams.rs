//! What lies in the broker.

use std::time::Duration;

use anyhow::Context as _;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::{self, stream::Stream};
use futures::{StreamExt as _, TryStreamExt as _};
use serde_json::Value;

use crate::sentinel::work_in;

/// How long one question may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// What lies in the broker.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// Every event of every job, oldest first.
    pub(super) events: Vec<Value>,
    /// Queues that are not empty.
    pub(super) left: Vec<String>,
    /// Deliveries that did not arrive.
    pub(super) undelivered: Vec<String>,
}

/// Reads all of it over a connection of its own.
pub(super) async fn read(url: &str) -> anyhow::Result<Stored> {
    tokio::time::timeout(PATIENCE, read_all(url)).await.context("no answer in time")?
}

async fn read_all(url: &str) -> anyhow::Result<Stored> {
    let jetstream = jetstream::new(async_nats::connect(url).await?);
    let mut stored = Stored::default();
    let streams: Vec<_> = jetstream.streams().try_collect().await?;
    for info in streams.iter().filter(|info| info.state.messages > 0) {
        let name = &info.config.name;
        let is_queue = ["JOBS_", "CALLS_"].iter().any(|prefix| name.starts_with(prefix));
        if is_queue || name == "DELAYS" || name == "WEBHOOKS" {
            stored.left.extend(left_in(&jetstream.get_stream(name).await?).await?);
        }
    }
    stored.events = contents(&jetstream.get_stream("JOB_EVENTS").await?).await?;
    for delivery in contents(&jetstream.get_stream("DELIVERIES").await?).await? {
        if delivery["status"] != "delivered" {
            stored
                .undelivered
                .push(format!("delivery {} is {}", delivery["id"], delivery["status"]));
        }
    }
    Ok(stored)
}

/// What lies in a queue besides its sentinel, and where its consumers stand: enough to see why nobody takes it.
async fn left_in(stream: &Stream) -> anyhow::Result<Option<String>> {
    let name = &stream.cached_info().config.name;
    let work = work_in(stream).await?;
    if work.is_empty() {
        return Ok(None);
    }
    let subjects: Vec<_> = work.into_iter().map(|(subject, _)| subject).take(20).collect();
    let consumers: Vec<_> = stream.consumers().try_collect().await?;
    let consumers = consumers.into_iter().map(|info| {
        let (name, delivered, floor) = (info.name, info.delivered, info.ack_floor);
        let (waiting, unacked) = (info.num_pending, info.num_ack_pending);
        let (at, floor) = (delivered.stream_sequence, floor.stream_sequence);
        format!("{name}: {waiting} waiting, {unacked} not acked, delivered up to {at}, acked up to {floor}")
    });
    let consumers = consumers.collect::<Vec<_>>().join("; ");
    Ok(Some(format!("in {name}: {} ({consumers})", subjects.join(", "))))
}

/// Every message of a stream as JSON, oldest first.
async fn contents(stream: &Stream) -> anyhow::Result<Vec<Value>> {
    let mut consumer = stream
        .create_consumer(pull::Config {
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::None,
            inactive_threshold: PATIENCE,
            ..pull::Config::default()
        })
        .await?;
    let count = consumer.info().await?.num_pending as usize;
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut messages = consumer.batch().max_messages(count).expires(PATIENCE).messages().await?;
    let mut found = Vec::with_capacity(count);
    while let Some(message) = messages.next().await {
        let message = message.map_err(|error| anyhow::anyhow!("{error}"))?;
        found.push(serde_json::from_slice(&message.payload)?);
    }
    Ok(found)
}
