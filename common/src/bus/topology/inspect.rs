//! Looking at what is there, and making nothing.

use std::time::Duration;

use super::compare::compare;
use super::files::stream_configs;
use super::make::is_not_found;
use crate::bus::{Bus, BusError, bounded, subjects};

impl Bus {
    /// Compares what is there with what must be, and makes nothing. Returns the streams that are missing.
    pub async fn inspect_topology(&self) -> Result<Vec<String>, BusError> {
        let mut missing = Vec::new();
        for wanted in stream_configs(self.limits, self.replicas)? {
            match self.jetstream.get_stream(&wanted.name).await {
                Ok(stream) => compare(&wanted, &stream.cached_info().config)?,
                Err(error) if is_not_found(&error) => missing.push(wanted.name),
                Err(error) => return Err(BusError::unavailable(error)),
            }
        }
        Ok(missing)
    }

    /// How many copies of every event there are.
    pub async fn event_replicas(&self) -> Result<usize, BusError> {
        let stream = self.stream(subjects::JOB_EVENTS).await?;
        Ok(bounded(stream.get_info()).await?.config.num_replicas)
    }

    /// How far this machine's clock and the broker's are apart, by the time that the broker stamps.
    pub async fn clock_skew(&self) -> Result<Duration, BusError> {
        let question = format!("STREAM.INFO.{}", subjects::JOB_EVENTS);
        let before = self.clock.now();
        let answer: serde_json::Value =
            bounded(self.jetstream.request(question, &serde_json::json!({}))).await?;
        let stamped = answer["ts"]
            .as_str()
            .and_then(|text| crate::clock::Timestamp::parse(text).ok())
            .ok_or_else(|| BusError::unavailable("the server does not tell its time"))?;
        let after = self.clock.now();
        // Somewhere between asking and hearing: only what lies outside of it is a difference.
        Ok(before.since(stamped).max(stamped.since(after)))
    }
}
