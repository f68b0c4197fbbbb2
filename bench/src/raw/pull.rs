//! Pulling and acking.

use std::time::Duration;

use async_nats::jetstream::{self, consumer::pull, stream::Stream};
use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _};
use tokio::time::Instant;

use super::{SIZE, STREAM, new_stream, remove};
use crate::system::Broker;

/// Messages that are asked for at once.
const BATCH: usize = 500;
/// How long the next message may take.
const PATIENCE: Duration = Duration::from_secs(20);
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

/// Pulls and acks so many prepared messages, the next batch asked for before the last one has come, over one
/// subscription; gives how many a second, without the first tenth. A worker's most, if it did nothing about its jobs.
pub(crate) async fn pull(broker: &Broker, count: usize) -> anyhow::Result<f64> {
    let context = fill(broker, count).await?;
    let stream: Stream = context.get_stream(STREAM).await?;
    let config = pull::Config {
        durable_name: Some("raw".to_owned()),
        max_ack_pending: 100_000,
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await?;
    let mut messages = consumer.stream().max_messages_per_batch(BATCH).messages().await?;
    let skipped = count / 10;
    let mut begun = Instant::now();
    for taken in 0..count {
        if taken == skipped {
            begun = Instant::now();
        }
        let next = tokio::time::timeout(PATIENCE, messages.next()).await;
        let next = next
            .map_err(|_| anyhow::anyhow!("a raw pull found nothing, although messages are left"))?;
        let message = next.ok_or_else(|| anyhow::anyhow!("the raw pulls ended"))?;
        let message = message.map_err(|error| anyhow::anyhow!("a raw pull failed: {error}"))?;
        message.ack().await.map_err(|error| anyhow::anyhow!("a raw ack failed: {error}"))?;
    }
    let took = begun.elapsed();
    remove(&context).await;
    Ok((count - skipped) as f64 / took.as_secs_f64().max(1e-9))
}
