//! Which job belongs to which intent: by the marker that it bears, whatever its callers were told.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Evidence, text};
use crate::chaos::intent::Intent;

/// A job that somebody wanted and that is known: by its id, its events or both.
pub(in crate::chaos) struct Case<'a> {
    pub(in crate::chaos) marker: &'a str,
    pub(in crate::chaos) intent: &'a Intent,
    /// Its id.
    pub(in crate::chaos) job: &'a str,
    /// Its last event.
    pub(in crate::chaos) last: Option<&'a Value>,
}

impl Evidence {
    /// All jobs of all intents. One that nobody heard of is in none of them.
    pub(in crate::chaos) fn cases(&self) -> Vec<Case<'_>> {
        let mut found = self.by_marker();
        let mut cases = Vec::new();
        for (marker, intent) in &self.book.intents {
            let mut jobs = found.remove(marker.as_str()).unwrap_or_default();
            jobs.extend(intent.jobs.iter().map(String::as_str));
            for job in jobs {
                cases.push(Case { marker, intent, job, last: self.events.get(job) });
            }
        }
        cases
    }

    /// Jobs by the markers in their last events.
    pub(super) fn by_marker(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut found = BTreeMap::<_, BTreeSet<_>>::new();
        for (job, event) in &self.events {
            found.entry(marker_of(event)).or_default().insert(job.as_str());
        }
        found
    }
}

/// The marker of a job, in its metadata; a call has it as its first words.
pub(super) fn marker_of(event: &Value) -> &str {
    let marker = text(event, "/job/metadata/marker");
    if marker.is_empty() { text(event, "/job/input/messages/0/content") } else { marker }
}
