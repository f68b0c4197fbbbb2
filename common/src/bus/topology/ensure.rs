//! Making everything that is there from the start.

use std::time::Duration;

use async_nats::jetstream::kv;
use async_nats::jetstream::stream::StorageType;

use super::FixedConsumer;
use super::files::stream_configs;
use super::make::ensure_consumer;
use crate::bus::subjects::{CONFIG_BUCKET, WORKERS_BUCKET};
use crate::bus::{Bus, BusError, patiently};

/// How long a presence outlives its last beat.
pub const PRESENCE_TTL: Duration = Duration::from_secs(15);

impl Bus {
    /// The same at a start: waits for JetStream as long as for the connection.
    pub async fn begin_topology(&self) -> Result<(), BusError> {
        patiently(self.patience, || self.ensure_topology()).await
    }

    /// Makes what is missing and checks what is there. Safe to repeat and to run in several processes at once.
    pub async fn ensure_topology(&self) -> Result<(), BusError> {
        // Calls lose their consumers together with their memory stream. They are forgotten before a stream is made anew
        // and once more afterwards: whoever asks after a publish then makes them again.
        self.forget_all_model_consumers();
        for wanted in stream_configs(self.limits, self.replicas)? {
            self.ensure_stream(wanted).await?;
        }
        self.ensure_bucket(kv::Config {
            bucket: CONFIG_BUCKET.to_owned(),
            description: "Live configuration.".to_owned(),
            history: 10,
            storage: StorageType::File,
            num_replicas: self.replicas,
            ..kv::Config::default()
        })
        .await?;
        self.ensure_bucket(kv::Config {
            bucket: WORKERS_BUCKET.to_owned(),
            description: "Presence of workers.".to_owned(),
            history: 1,
            max_age: PRESENCE_TTL,
            storage: StorageType::Memory,
            num_replicas: self.replicas,
            ..kv::Config::default()
        })
        .await?;
        for consumer in FixedConsumer::ALL {
            let mut config = consumer.config()?;
            config.ack_wait = self.ack_wait;
            let stream = self.stream(consumer.stream()).await?;
            ensure_consumer(&stream, config).await?;
        }
        self.forget_all_model_consumers();
        // Last: nothing else waits for what only makes long queues faster.
        self.ensure_sentinels().await;
        Ok(())
    }
}
