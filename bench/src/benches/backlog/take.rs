//! Pulls as a worker makes them, without a worker: the jobs are to stay.

use std::sync::Arc;
use std::time::Duration;

use common::bus::{Bus, BusOptions, LaneConsumer, StreamLimits};
use common::clock::SystemClock;
use common::job::Lane;
use tokio::time::Instant;

use crate::load::Latencies;
use crate::system::System;

/// The queue of the jobs.
const CAPABILITY: &str = "diagnostic";
/// The most that are taken at once.
const BATCH: usize = 100;

/// Somebody who pulls as a worker does.
pub(super) struct Taker {
    bus: Bus,
    consumer: LaneConsumer,
}

impl Taker {
    /// Connects.
    pub(super) async fn connect(system: &System) -> anyhow::Result<Self> {
        let bus = Bus::connect(options(system), Arc::new(SystemClock)).await?;
        let consumer = bus.lane_consumer(CAPABILITY, CAPABILITY, Lane::Normal).await?;
        Ok(Self { bus, consumer })
    }

    /// Takes so many jobs one by one, each time as soon as the one before came. They do not go back: the broker would
    /// give them again before all others, and the next round would measure that.
    pub(super) async fn pulls(&mut self, count: usize) -> anyhow::Result<Latencies> {
        let mut times = Latencies::new();
        for _ in 0..count {
            let begun = Instant::now();
            let taken = self.consumer.take(1, true).await?;
            times.record(begun.elapsed());
            anyhow::ensure!(!taken.is_empty(), "the queue is empty, although nobody works");
            for message in &taken {
                message.pulled.term().await?;
            }
        }
        // What was sent before this round trip has arrived.
        self.bus.check().await?;
        Ok(times)
    }

    /// Takes so many away.
    pub(super) async fn remove(&mut self, count: usize) -> anyhow::Result<()> {
        let mut left = count;
        while left > 0 {
            let taken = self.consumer.take(left.min(BATCH), true).await?;
            anyhow::ensure!(!taken.is_empty(), "the queue is empty, although nobody works");
            left -= taken.len().min(left);
            for message in &taken {
                message.pulled.term().await?;
            }
        }
        self.bus.check().await?;
        Ok(())
    }

    /// Disconnects.
    pub(super) async fn close(self) {
        self.bus.close().await;
    }
}

/// A connection makes and changes nothing, so that limits do not matter.
fn options(system: &System) -> BusOptions {
    BusOptions {
        url: system.broker.url(),
        credentials: None,
        user: None,
        password: None,
        name: "bench".to_owned(),
        connect_timeout: Duration::from_secs(5),
        replicas: 1,
        limits: StreamLimits {
            jobs_messages: 0,
            jobs_bytes: 0,
            events_bytes: 0,
            calls_bytes: 0,
            webhooks_bytes: 0,
        },
        status_retention: Duration::from_hours(48),
        ack_wait: Duration::from_secs(30),
    }
}
