//! `[keeper]`

use std::time::Duration;

use super::section::Section;

/// The keeper's duties.
#[derive(Clone, Debug)]
pub struct KeeperConfig {
    /// Most events that are recorded in one transaction.
    pub record_batch: usize,
    /// How long a batch waits for more events.
    pub record_interval: Duration,
    /// How often jobs without a message are looked for.
    pub repair_interval: Duration,
    /// How long a job must be without a message before it is repaired.
    pub repair_grace: Duration,
    /// How often jobs are looked for whose deadline has passed, or that are to be canceled and whose worker vanished.
    pub expire_interval: Duration,
    /// How often what is past its retention is removed.
    pub clean_interval: Duration,
}

impl KeeperConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let interval = Duration::from_millis(10)..=Duration::from_hours(1);
        Self {
            record_batch: section.count("record_batch", 1..=5_000),
            record_interval: section
                .duration("record_interval", Duration::from_millis(1)..=Duration::from_secs(5)),
            repair_interval: section.duration("repair_interval", interval.clone()),
            repair_grace: section.duration("repair_grace", interval.clone()),
            expire_interval: section.duration("expire_interval", interval.clone()),
            clean_interval: section.duration("clean_interval", interval),
        }
    }
}
