//! `[jobs]`

use std::time::Duration;

use super::section::Section;
use crate::retry::RetryPolicy;

/// Attempts and time limits of jobs.
#[derive(Clone, Debug)]
pub struct JobsConfig {
    /// Attempts of a job that names none.
    pub max_attempts: u32,
    /// The delays between attempts.
    pub retry: RetryPolicy,
    /// How long a pulled job may be without a sign of life.
    pub ack_wait: Duration,
    /// How many workers may vanish under a job before it is given up.
    pub vanish_limit: u32,
    /// The longest run; a deadline ends it sooner.
    pub default_timeout: Duration,
}

impl JobsConfig {
    pub(super) fn read(section: &Section<'_>) -> Self {
        let second = Duration::from_secs(1);
        Self {
            max_attempts: section.integer("max_attempts", 1..=100) as u32,
            retry: read_retry(&section.section("retry")),
            // Short ones are for tests and demonstrations: three signs of life must fit in, over the slowest network.
            ack_wait: section.duration("ack_wait", second..=Duration::from_mins(30)),
            vanish_limit: section.integer("vanish_limit", 1..=100) as u32,
            default_timeout: section.duration("default_timeout", second..=Duration::from_hours(48)),
        }
    }
}

fn read_retry(section: &Section<'_>) -> RetryPolicy {
    let delay = Duration::from_millis(1)..=Duration::from_hours(24);
    RetryPolicy {
        initial: section.duration("initial", delay.clone()),
        max: section.duration("max", delay),
        multiplier: section.number("multiplier", 1.0..=100.0),
        jitter: section.number("jitter", 0.0..=1.0),
    }
}
