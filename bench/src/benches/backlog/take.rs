//! Pulls as a worker makes them, without a worker: the jobs are to stay.

use std::sync::Arc;
use std::time::Duration;

use common::bus::{Bus, BusOptions, StreamLimits};
use common::clock::SystemClock;
use common::job::Lane;
use tokio::time::Instant;

use crate::load::Latencies;
use crate::system::System;

/// The queue of the jobs.
const CAPABILITY: &str = "diagnostic";

/// Takes so many jobs one by one, each time as soon as the one before came, and gives all of them back at the end.
pub(super) async fn pulls(system: &System, count: usize) -> anyhow::Result<Latencies> {
    let bus = Bus::connect(options(system), Arc::new(SystemClock)).await?;
    let consumer = bus.lane_consumer(CAPABILITY, CAPABILITY, Lane::Normal).await?;
    let (mut times, mut held) = (Latencies::new(), Vec::with_capacity(count));
    while held.len() < count {
        let begun = Instant::now();
        let taken = consumer.take(1, true).await?;
        times.record(begun.elapsed());
        anyhow::ensure!(!taken.is_empty(), "the queue is empty, although nobody works");
        held.extend(taken);
    }
    for message in &held {
        message.pulled.nak(None).await?;
    }
    // What was sent before this round trip has arrived.
    bus.check().await?;
    bus.close().await;
    Ok(times)
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
