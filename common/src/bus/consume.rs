//! Pulling from durable consumers with explicit settling.

use std::time::Duration;

use async_nats::jetstream::ErrorCode;
use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::stream::{ConsumerError, ConsumerErrorKind, Stream};

use super::pull::Puller;
use super::pulled::Pulled;
use super::{Bus, BusError, FixedConsumer, bounded};
use crate::clock::Timestamp;

/// Most bytes of one fetch, so that memory stays bounded however large messages are.
const FETCH_BYTES: usize = 16 * 1024 * 1024;

/// A durable consumer that messages are pulled from.
pub struct PullConsumer(Puller);

/// Where a consumer and its stream stand.
#[derive(Clone, Debug)]
pub struct ConsumerPosition {
    /// Every message of the stream up to this sequence is acked.
    pub ack_floor: u64,
    /// Messages not yet delivered.
    pub pending: u64,
    /// Messages delivered and not yet acked.
    pub ack_pending: u64,
    /// When the stream was made: tells a restored or remade stream from the old one.
    pub stream_created: Timestamp,
    /// The newest sequence of the stream.
    pub last_sequence: u64,
}

impl Bus {
    /// One of the fixed consumers.
    pub async fn consumer(&self, which: FixedConsumer) -> Result<PullConsumer, BusError> {
        let stream = self.stream(which.stream()).await?;
        let found = bounded(stream.get_consumer(which.name())).await;
        found
            .map(|found| PullConsumer(Puller::new(&self.client, &self.jetstream, found)))
            .inspect_err(|_| self.missing_part.notify_one())
    }

    /// Where a fixed consumer stands.
    pub async fn consumer_position(
        &self,
        which: FixedConsumer,
    ) -> Result<ConsumerPosition, BusError> {
        let stream = self.stream(which.stream()).await?;
        let info = bounded(stream.get_info()).await?;
        let consumer = bounded(stream.consumer_info(which.name()))
            .await
            .inspect_err(|_| self.missing_part.notify_one())?;
        Ok(ConsumerPosition {
            ack_floor: consumer.ack_floor.stream_sequence,
            pending: consumer.num_pending,
            ack_pending: consumer.num_ack_pending as u64,
            stream_created: info.created.into(),
            last_sequence: info.state.last_sequence,
        })
    }

    /// Makes a fixed consumer anew so that it starts at `sequence`: what was acked before is delivered again.
    pub async fn rewind_consumer(
        &self,
        which: FixedConsumer,
        sequence: u64,
    ) -> Result<(), BusError> {
        let stream = self.stream(which.stream()).await?;
        let mut config = which.config()?;
        config.ack_wait = self.ack_wait;
        config.deliver_policy = async_nats::jetstream::consumer::DeliverPolicy::ByStartSequence {
            start_sequence: sequence.max(1),
        };
        self.delete_consumer(&stream, which.name()).await?;
        // Whoever keeps the topology makes it at the beginning of the stream, should this process die right here.
        bounded(stream.create_consumer(config)).await.map(drop)
    }

    /// Removes a consumer, if it is there.
    pub(super) async fn delete_consumer(
        &self,
        stream: &Stream<()>,
        name: &str,
    ) -> Result<(), BusError> {
        match tokio::time::timeout(super::CALL_TIMEOUT, stream.delete_consumer(name)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) if is_missing(&error) => Ok(()),
            Ok(Err(error)) => Err(BusError::unavailable(error)),
            Err(_) => Err(BusError::unavailable("a consumer was not removed in time")),
        }
    }
}

impl PullConsumer {
    /// Takes up to `max` messages, 16 MiB together: those that are there at once, or else the first that comes within
    /// `wait`, which is at most five seconds. Empty when none came.
    pub async fn fetch(&self, max: usize, wait: Duration) -> Result<Vec<Pulled>, BusError> {
        let wait = wait.min(Duration::from_secs(5));
        let request = pull::BatchConfig {
            batch: max,
            max_bytes: FETCH_BYTES,
            no_wait: true,
            expires: Some(wait),
            ..pull::BatchConfig::default()
        };
        self.0.pull(request, wait + Duration::from_secs(1)).await
    }
}

fn is_missing(error: &ConsumerError) -> bool {
    matches!(
        error.kind(),
        ConsumerErrorKind::JetStream(cause) if cause.error_code() == ErrorCode::CONSUMER_NOT_FOUND
    )
}
