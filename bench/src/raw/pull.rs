//! Pulling and acking.

use std::time::Duration;

use async_nats::jetstream::{self, consumer::pull, stream::Stream};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::time::Instant;

use super::{SIZE, STREAM, new_stream, remove};
use crate::system::Broker;

/// Messages that are asked for at once.
const BATCH: usize = 64;
/// Publishes on their way at once while the stream is filled.
const IN_FLIGHT: usize = 256;

/// Makes the stream anew with so many messages of 1 KiB.
async fn fill(broker: &Broker, count: usize) -> anyhow::Result<jetstream::Context> {
    let context = jetstream::new(broker.connect().await?);
    new_stream(&context).await?;
    let body = Bytes::from(vec![b'x'; SIZE]);
    futures::stream::iter(0..count)
        .map(|index| {
            let (context, body) = (context.clone(), body.clone());
            async move {
                context.publish(format!("raw.0.{index}"), body).await?.await?;
                anyhow::Ok(())
            }
        })
        .buffer_unordered(IN_FLIGHT)
        .try_collect::<()>()
        .await?;
    Ok(context)
}

/// Pulls and acks so many prepared messages in batches, one at a time; gives how long all of it took. A worker's most,
/// if it did nothing about its jobs.
pub(crate) async fn pull(broker: &Broker, count: usize) -> anyhow::Result<Duration> {
    let context = fill(broker, count).await?;
    let stream: Stream = context.get_stream(STREAM).await?;
    let config = pull::Config {
        durable_name: Some("raw".to_owned()),
        max_ack_pending: 10_000,
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await?;
    let begun = Instant::now();
    let mut taken = 0;
    while taken < count {
        let mut batch = consumer.fetch().max_messages(BATCH).messages().await?;
        let before = taken;
        while let Some(message) = batch.next().await {
            let message = message.map_err(|error| anyhow::anyhow!("a raw pull failed: {error}"))?;
            message.ack().await.map_err(|error| anyhow::anyhow!("a raw ack failed: {error}"))?;
            taken += 1;
        }
        anyhow::ensure!(taken > before, "a raw pull found nothing, although messages are left");
    }
    let took = begun.elapsed();
    remove(&context).await;
    Ok(took)
}
