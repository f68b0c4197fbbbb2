//! What the broker did, from its monitoring.

use std::time::Duration;

use anyhow::Context as _;
use serde_json::Value;
use tokio::time::Instant;

use super::System;

/// How long the keeper may take to record what was submitted.
const RECORD_PATIENCE: Duration = Duration::from_secs(240);
/// The messages in a queue that are no job: its sentinel.
pub(crate) const SENTINELS: u64 = 1;

/// Steps that the broker took since it started.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Steps {
    /// Messages stored in any stream.
    pub(crate) stored: u64,
    /// Messages given to any consumer.
    pub(crate) delivered: u64,
}

impl Steps {
    /// What was done between an earlier look and this one.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            stored: self.stored.saturating_sub(earlier.stored),
            delivered: self.delivered.saturating_sub(earlier.delivered),
        }
    }

    /// How many things of these steps could be done in a second, if each step cost what it costs raw.
    pub(crate) fn limit(
        self,
        things: u64,
        raw_stores_per_s: f64,
        raw_deliveries_per_s: f64,
    ) -> f64 {
        let seconds =
            self.stored as f64 / raw_stores_per_s + self.delivered as f64 / raw_deliveries_per_s;
        things as f64 / seconds.max(1e-9)
    }
}

impl System {
    /// The steps so far.
    pub(crate) async fn steps(&self) -> anyhow::Result<Steps> {
        Ok(sum(&self.streams().await?))
    }

    /// How many messages a stream holds.
    pub(crate) async fn messages(&self, stream: &str) -> anyhow::Result<u64> {
        let streams = self.streams().await?;
        let found = streams.iter().find(|detail| detail["name"] == stream);
        found
            .and_then(|detail| detail["state"]["messages"].as_u64())
            .with_context(|| format!("there is no stream {stream}"))
    }

    /// How many jobs a queue holds.
    pub(crate) async fn queued(&self, stream: &str) -> anyhow::Result<u64> {
        Ok(self.messages(stream).await?.saturating_sub(SENTINELS))
    }

    /// Waits until the keeper has recorded all events.
    pub(crate) async fn is_recorded(&self) -> anyhow::Result<()> {
        let until = Instant::now() + RECORD_PATIENCE;
        while unrecorded(&self.streams().await?) > 0 {
            anyhow::ensure!(Instant::now() < until, "the keeper did not record all events in time");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    async fn streams(&self) -> anyhow::Result<Vec<Value>> {
        let path = "/jsz?accounts=true&streams=true&consumers=true";
        let mut document = self.broker.monitor(path).await?;
        match document.pointer_mut("/account_details/0/stream_detail").map(Value::take) {
            Some(Value::Array(streams)) => Ok(streams),
            _ => Ok(Vec::new()),
        }
    }
}

fn consumers(stream: &Value) -> impl Iterator<Item = &Value> {
    stream["consumer_detail"].as_array().into_iter().flatten()
}

fn sum(streams: &[Value]) -> Steps {
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let stored = streams.iter().map(|stream| number(&stream["state"]["last_seq"])).sum();
    let delivered = streams.iter().flat_map(consumers);
    let delivered = delivered.map(|consumer| number(&consumer["delivered"]["consumer_seq"])).sum();
    Steps { stored, delivered }
}

fn unrecorded(streams: &[Value]) -> u64 {
    let all = streams.iter().filter(|stream| stream["name"] == "JOB_EVENTS").flat_map(consumers);
    let waiting = all.filter(|consumer| consumer["name"] == "record").map(|consumer| {
        let number = |name: &str| consumer[name].as_u64().unwrap_or_default();
        number("num_pending") + number("num_ack_pending")
    });
    waiting.sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_summed_over_streams_and_consumers() {
        let streams = serde_json::json!([
            {"name": "JOB_EVENTS", "state": {"last_seq": 30}, "consumer_detail": [
                {"name": "record", "delivered": {"consumer_seq": 20}, "num_pending": 3, "num_ack_pending": 2},
                {"name": "outbox", "delivered": {"consumer_seq": 5}, "num_pending": 9}]},
            {"name": "JOBS_llm", "state": {"last_seq": 10}},
        ]);
        let streams = streams.as_array().unwrap();
        assert_eq!(sum(streams), Steps { stored: 40, delivered: 25 });
        assert_eq!(unrecorded(streams), 5);
    }

    #[test]
    fn the_limit_is_what_the_steps_cost_raw() {
        let steps = Steps { stored: 3_000, delivered: 2_000 };
        // 3,000 stores take 0.1 s and 2,000 deliveries 0.1 s: 1,000 jobs in 0.2 s.
        assert!((steps.limit(1_000, 30_000.0, 20_000.0) - 5_000.0).abs() < 1e-6);
    }
}
