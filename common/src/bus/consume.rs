//! Pulling from durable consumers with explicit settling.

use std::time::Duration;

use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::stream::{ConsumerError, ConsumerErrorKind, Stream};
use async_nats::jetstream::{AckKind, ErrorCode, Message};
use bytes::Bytes;

use super::pull::Puller;
use super::{Bus, BusError, FixedConsumer, bounded};
use crate::clock::Timestamp;

/// A durable consumer that messages are pulled from.
#[derive(Clone)]
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
    /// Takes up to `max` messages: those that are there at once, or else the first that comes within `wait`, which
    /// is at most five seconds. Empty when none came.
    pub async fn fetch(&self, max: usize, wait: Duration) -> Result<Vec<Pulled>, BusError> {
        let wait = wait.min(Duration::from_secs(5));
        let request = pull::BatchConfig {
            batch: max,
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

/// A message that was pulled and must be settled: acked, given back or dropped.
pub struct Pulled {
    message: Message,
    /// Its sequence in the stream.
    pub stream_sequence: u64,
    /// How often it was delivered, counting this time.
    pub delivered: u64,
    /// When it was stored.
    pub published: Timestamp,
}

impl Pulled {
    pub(super) fn new(message: Message) -> Result<Self, BusError> {
        let (stream_sequence, delivered, published) = {
            let info = message.info().map_err(BusError::unavailable)?;
            (info.stream_sequence, info.delivered.max(1) as u64, info.published.into())
        };
        Ok(Self { message, stream_sequence, delivered, published })
    }

    /// Where it was published.
    pub fn subject(&self) -> &str {
        &self.message.subject
    }

    /// The payload.
    pub fn payload(&self) -> &Bytes {
        &self.message.payload
    }

    /// The text of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        super::headers::text(self.message.headers.as_ref()?, name)
    }

    /// The number in a header.
    pub fn number(&self, name: &str) -> Option<u64> {
        super::headers::number(self.message.headers.as_ref()?, name)
    }

    /// Removes it from the queue: what follows from it is stored. Proves nothing about ownership.
    pub async fn ack(&self) -> Result<(), BusError> {
        self.settle(AckKind::Ack).await
    }

    /// Gives it back, at once or after a delay.
    pub async fn nak(&self, delay: Option<Duration>) -> Result<(), BusError> {
        self.settle(AckKind::Nak(delay)).await
    }

    /// Drops it for good: it can never be processed.
    pub async fn term(&self) -> Result<(), BusError> {
        self.settle(AckKind::Term).await
    }

    /// Says that work on it goes on, which renews the ack wait.
    pub async fn progress(&self) -> Result<(), BusError> {
        self.settle(AckKind::Progress).await
    }

    async fn settle(&self, kind: AckKind) -> Result<(), BusError> {
        tokio::time::timeout(super::CALL_TIMEOUT, self.message.ack_with(kind))
            .await
            .map_err(|_| BusError::unavailable("a settlement was not sent in time"))?
            .map_err(BusError::unavailable)
    }
}

impl std::fmt::Debug for Pulled {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pulled")
            .field("subject", &self.subject())
            .field("stream_sequence", &self.stream_sequence)
            .field("delivered", &self.delivered)
            .finish()
    }
}
