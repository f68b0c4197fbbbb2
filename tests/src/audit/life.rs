//! The life of one job, from its events.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Findings;
use crate::spy::Overheard;

/// Runs of a job that may end with a vanished worker.
const VANISH_LIMIT: u64 = 3;

/// A job's events by version, and the ids of every event that ended it.
#[derive(Clone, Debug, Default)]
pub(super) struct Life {
    id: String,
    events: BTreeMap<u64, Value>,
    ends: BTreeSet<String>,
    last: Value,
}

impl Life {
    /// The lives of all jobs: from what is stored, which is the truth, and what was overheard, which has gaps.
    pub(super) fn all(stored: &[Value], overheard: &[Overheard]) -> BTreeMap<String, Self> {
        let mut lives = BTreeMap::<String, Self>::new();
        let heard =
            overheard.iter().filter_map(|heard| serde_json::from_slice(&heard.payload).ok());
        for event in heard {
            lives.entry(job_of(&event)).or_default().note(event);
        }
        for event in stored {
            let life = lives.entry(job_of(event)).or_default();
            life.note(event.clone());
            life.id = job_of(event);
            life.last = event.clone();
        }
        lives
    }

    fn note(&mut self, event: Value) {
        if is_end(&event) {
            self.ends.insert(text(&event, "/id"));
        }
        self.events.insert(event["version"].as_u64().unwrap_or(0), event);
    }

    /// The last stored event.
    pub(super) fn last(&self) -> &Value {
        &self.last
    }

    pub(super) fn state(&self) -> &str {
        self.last["state"].as_str().unwrap_or("gone")
    }

    pub(super) fn has_ended(&self) -> bool {
        is_end(&self.last)
    }

    /// How many runs began.
    pub(super) fn runs(&self) -> usize {
        let started = self.events.values().filter(|event| event["type"] == "job.started");
        started.map(|event| text(event, "/run_id")).collect::<BTreeSet<_>>().len()
    }

    /// How many runs ended because their worker vanished.
    pub(super) fn vanished(&self) -> u64 {
        self.last["vanished"].as_u64().unwrap_or(0)
    }

    /// How often it was given back without an attempt.
    fn given_back(&self) -> usize {
        let pairs = self.events.values().zip(self.events.values().skip(1));
        pairs
            .filter(|(before, after)| {
                after["type"] == "job.queued" && before["attempt"] == after["attempt"]
            })
            .count()
    }

    /// One end, after no more runs than were allowed.
    pub(super) fn check(&self, findings: &mut Findings) {
        let Self { id, last, .. } = self;
        if self.ends.len() > 1 {
            findings.broken.push(format!(
                "{id} ended {} times: {:#?}",
                self.ends.len(),
                self.events
            ));
        }
        if last.is_null() {
            // A newer event may have taken its place while the stream was read: then the next look finds that one.
            findings
                .pending
                .push(format!("an event was overheard and is gone: {:#?}", self.events));
            return;
        }
        if !self.has_ended() {
            let worker = text(last, "/worker_id");
            findings.pending.push(format!("{id} is {} {worker}", self.state()));
        }
        let attempt = last["attempt"].as_u64().unwrap_or(0);
        let most = last["job"]["max_attempts"].as_u64().unwrap_or(0);
        if attempt == 0 || attempt > most {
            findings.broken.push(format!("{id} is at attempt {attempt} of {most}"));
        }
        if self.vanished() >= VANISH_LIMIT {
            findings.broken.push(format!("{id} was taken over too often: {last:#}"));
        }
        let (runs, allowed) = (self.runs(), attempt as usize + self.given_back());
        if runs > allowed {
            findings.broken.push(format!("{id} ran {runs} times in {allowed} attempts"));
        }
    }
}

/// The job of an event.
fn job_of(event: &Value) -> String {
    text(event, "/job/id")
}

pub(super) fn is_end(event: &Value) -> bool {
    let state = event["state"].as_str().unwrap_or_default();
    matches!(state, "succeeded" | "failed" | "canceled" | "expired")
}

pub(super) fn text(value: &Value, path: &str) -> String {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default().to_owned()
}
