//! Uploaded files, what dead writers left unfinished, and counters whose window has ended.

use std::time::Duration;

use common::clock::Timestamp;
use futures::{StreamExt as _, TryStreamExt as _};

use crate::context::Context;
use crate::duty::{Duty, Next};
use crate::trouble::Trouble;

/// Listing all files of a large installation takes many requests, so it is done seldom.
const INTERVAL: Duration = Duration::from_hours(1);
/// Objects that are removed in one tick.
const PER_TICK: usize = 1_000;
/// Where uploaded files begin.
const FILES: &str = "files";
/// When a writer that has not finished its object is dead for sure.
const UNFINISHED_AGE: Duration = Duration::from_hours(24);
/// The windows of counters are hours since 1970.
const WINDOW_SECONDS: i64 = 3_600;

/// Removes files at the end of their retention.
pub(crate) struct FileCleaner {
    context: Context,
}

impl FileCleaner {
    pub(crate) fn new(context: &Context) -> Self {
        Self { context: context.clone() }
    }

    async fn remove_files(&self) -> Result<usize, Trouble> {
        let before = self.context.clock.now().minus(self.context.config.retention.files);
        let listing = self.context.objects.list(FILES, Some(before));
        let old: Vec<_> = listing.take(PER_TICK).try_collect().await?;
        for object in &old {
            self.context.objects.delete(&object.key).await?;
        }
        self.context.metrics.cleaned("file_objects", old.len());
        Ok(old.len())
    }

    async fn remove_windows(&self) -> Result<(), Trouble> {
        let now = self.context.clock.now();
        let removed =
            self.context.bus.purge_counter_windows(|_, window| has_ended(window, now)).await?;
        self.context.metrics.cleaned("counter_windows", removed);
        Ok(())
    }
}

/// Whether a window lies wholly in the past. A window that is not an hour's number is somebody else's and stays.
fn has_ended(window: &str, now: Timestamp) -> bool {
    let hour = now.as_secs().div_euclid(WINDOW_SECONDS);
    window.parse::<i64>().is_ok_and(|window| window < hour)
}

impl Duty for FileCleaner {
    fn name(&self) -> &'static str {
        "clean_files"
    }

    async fn tick(&mut self) -> Result<Next, Trouble> {
        self.remove_windows().await?;
        let unfinished = self.context.objects.remove_leftovers(UNFINISHED_AGE).await?;
        self.context.metrics.cleaned("unfinished_objects", unfinished as usize);
        let removed = self.remove_files().await?;
        Ok(if removed == PER_TICK { Next::AtOnce } else { Next::In(INTERVAL) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_hours_of_the_past_have_ended() {
        let now = Timestamp::parse("2026-11-21T09:30:00Z").unwrap();
        let hour = now.as_secs() / 3600;
        assert!(has_ended(&(hour - 1).to_string(), now));
        assert!(!has_ended(&hour.to_string(), now));
        assert!(!has_ended(&(hour + 1).to_string(), now));
        assert!(!has_ended("total", now));
    }
}
