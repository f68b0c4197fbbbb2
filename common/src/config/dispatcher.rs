//! `[dispatcher]`

use std::time::Duration;

use super::section::Section;
use super::text;

/// The most attempts of a delivery, and the longest delay before one.
const MAX_ATTEMPTS: usize = 50;
const MAX_DELAY: Duration = Duration::from_hours(30 * 24);

/// The delivery of webhooks.
#[derive(Clone, Debug)]
pub struct DispatcherConfig {
    /// Most deliveries at once.
    pub concurrency: usize,
    /// Most deliveries to one destination at once.
    pub per_destination: usize,
    /// How long a connection may take to stand, the look-up of the name included.
    pub connect_timeout: Duration,
    /// How long an attempt may take as a whole.
    pub total_timeout: Duration,
    /// The delay before each attempt; as many attempts as entries, at least one.
    pub schedule: Vec<Duration>,
    /// How far delays are spread at random, from 0 to 1.
    pub jitter: f64,
    /// Bytes of an answer that are kept in the delivery log.
    pub response_log_bytes: usize,
}

impl DispatcherConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let timeout = Duration::from_millis(10)..=Duration::from_mins(10);
        let schedule = section.list("schedule", |given| {
            let delay = text::duration(&given.text()?).filter(|delay| *delay <= MAX_DELAY);
            delay.ok_or_else(|| format!("{given} is not a duration like \"30s\", at most 30days"))
        });
        if !(1..=MAX_ATTEMPTS).contains(&schedule.len()) {
            section.mistake("schedule", format!("must have 1 to {MAX_ATTEMPTS} entries"));
        }
        Self {
            concurrency: section.count("concurrency", 1..=10_000),
            per_destination: section.count("per_destination", 1..=10_000),
            connect_timeout: section.duration("connect_timeout", timeout.clone()),
            total_timeout: section.duration("total_timeout", timeout),
            schedule,
            jitter: section.number("jitter", 0.0..=1.0),
            response_log_bytes: section.count("response_log_bytes", 0..=65_536),
        }
    }
}
