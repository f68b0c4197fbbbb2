//! Making one part, or finding it as it must be. Several processes may do so at once.

use async_nats::jetstream::consumer::{FromConsumer as _, pull};
use async_nats::jetstream::context::{GetStreamError, GetStreamErrorKind};
use async_nats::jetstream::stream::{Config, ConsumerErrorKind, Stream};
use async_nats::jetstream::{ErrorCode, kv};
use futures::FutureExt as _;

use super::compare::compare;
use crate::bus::{Bus, BusError, bounded};

impl Bus {
    /// A stream.
    pub(super) async fn ensure_stream(&self, wanted: Config) -> Result<(), BusError> {
        let name = wanted.name.clone();
        match self.jetstream.get_stream(&name).await {
            Ok(stream) => return compare(&wanted, &stream.cached_info().config),
            Err(error) if is_not_found(&error) => {}
            Err(error) => return Err(BusError::unavailable(error)),
        }
        match self.jetstream.create_stream(wanted.clone()).await {
            Ok(_) => {
                tracing::info!(stream = name, "made the stream");
                Ok(())
            }
            // Another process was faster; what it made is compared.
            Err(error) => match self.jetstream.get_stream(&name).await {
                Ok(stream) => compare(&wanted, &stream.cached_info().config),
                Err(_) => Err(BusError::Unavailable(format!(
                    "the stream {name} can not be made: {error}"
                ))),
            },
        }
    }

    /// A bucket. One that is there stays as it is.
    pub(super) async fn ensure_bucket(&self, config: kv::Config) -> Result<(), BusError> {
        let bucket = config.bucket.clone();
        if self.jetstream.get_key_value(&bucket).await.is_ok() {
            return Ok(());
        }
        match self.jetstream.create_key_value(config).await {
            Ok(_) => Ok(()),
            Err(error) => match self.jetstream.get_key_value(&bucket).await {
                Ok(_) => Ok(()),
                Err(_) => Err(BusError::Unavailable(format!(
                    "the bucket {bucket} can not be made: {error}"
                ))),
            },
        }
    }
}

/// A consumer. One that is there keeps its place and gets the ack wait that is wanted now.
pub(super) async fn ensure_consumer(
    stream: &Stream<()>,
    wanted: pull::Config,
) -> Result<(), BusError> {
    let (name, ack_wait) = (wanted.durable_name.clone().unwrap_or_default(), wanted.ack_wait);
    let made = bounded(stream.get_or_create_consumer(&name, wanted).map(Ok::<_, BusError>));
    let consumer = made.await?.map_err(|error| match error.kind() {
        ConsumerErrorKind::JetStream(cause)
            if cause.error_code() == ErrorCode::MAXIMUM_CONSUMERS_LIMIT =>
        {
            BusError::TooManyConsumers { consumer: name.clone() }
        }
        _ => BusError::unavailable(error),
    })?;
    let found = &consumer.cached_info().config;
    if found.ack_wait == ack_wait {
        return Ok(());
    }
    let found =
        pull::Config::try_from_consumer_config(found.clone()).map_err(BusError::unavailable)?;
    bounded(stream.update_consumer(pull::Config { ack_wait, ..found })).await.map(drop)
}

/// Whether the broker answered that there is no such stream.
pub(super) fn is_not_found(error: &GetStreamError) -> bool {
    matches!(
        error.kind(),
        GetStreamErrorKind::JetStream(error)
            if error.error_code() == ErrorCode::STREAM_NOT_FOUND
    )
}
