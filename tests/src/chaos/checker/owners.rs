//! Every job is somebody's: one for each that was promised, none for what was refused.

use std::collections::BTreeSet;

use super::cases::marker_of;
use super::{Court, Evidence, is_call, state, text};
use crate::chaos::intent::Class;

pub(super) fn check(evidence: &Evidence, court: &mut Court<'_>) {
    let run: BTreeSet<&str> = evidence.runs.iter().map(|run| run.job.as_str()).collect();
    let found = evidence.by_marker();
    for (marker, intent) in &evidence.book.intents {
        let mut jobs: BTreeSet<&str> = intent.jobs.iter().map(String::as_str).collect();
        let stored = found.get(marker.as_str()).into_iter().flatten();
        jobs.extend(stored.filter(|job| !is_refused(evidence, job)));
        if jobs.len() > 1 {
            let first = jobs.first().copied().unwrap_or_default();
            court.broken(first, format!("'{marker}' has {} jobs: {jobs:?}", jobs.len()));
        }
        match intent.class() {
            Class::Promised if jobs.is_empty() => {
                court.broken("", format!("'{marker}' was accepted, and no job is its"));
            }
            Class::Refused => {
                for job in jobs {
                    court.broken(job, format!("'{marker}' was refused, and is there"));
                }
                let stored = found.get(marker.as_str()).into_iter().flatten();
                for job in stored.filter(|job| run.contains(*job)) {
                    court.broken(job, format!("'{marker}' was refused, and ran"));
                }
            }
            Class::Promised | Class::Unknown => {}
        }
    }
    let called: BTreeSet<_> =
        evidence.book.calls.values().filter_map(|call| call.job.as_deref()).collect();
    for (job, event) in &evidence.events {
        let marker = marker_of(event);
        let is_wanted = evidence.book.intents.contains_key(marker)
            || evidence.book.calls.contains_key(marker)
            || called.contains(job.as_str());
        // The end of a call has no input to tell whose it is, and its caller may not have heard of it.
        let is_nameless = is_call(event) && marker.is_empty();
        if !is_wanted && !is_nameless {
            court.broken(job, format!("nobody asked for '{marker}': {event}"));
        }
    }
}

/// Whether a job ended because the queue did not take it, before its caller was told.
fn is_refused(evidence: &Evidence, job: &str) -> bool {
    let event = evidence.events.get(job);
    event.is_some_and(|event| state(event) == "failed" && text(event, "/error/code") == "refused")
}
