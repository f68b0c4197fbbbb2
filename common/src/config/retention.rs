//! `[retention]`

use std::time::Duration;

use super::section::Section;

/// How long things are kept.
#[derive(Clone, Debug)]
pub struct RetentionConfig {
    /// The status of an ended job, on the bus. At least 48 h: two windows of idempotency keys.
    pub status: Duration,
    /// Results and artifacts.
    pub results: Duration,
    /// Uploaded files.
    pub files: Duration,
    /// The records of jobs.
    pub records: Duration,
    /// The log of deliveries.
    pub deliveries: Duration,
}

impl RetentionConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let (minute, years) = (Duration::from_mins(1), Duration::from_hours(10 * 366 * 24));
        Self {
            status: section.duration("status", Duration::from_hours(48)..=years),
            results: section.duration("results", minute..=years),
            files: section.duration("files", minute..=years),
            records: section.duration("records", minute..=years),
            deliveries: section.duration("deliveries", minute..=years),
        }
    }
}
