//! What became of everything: rules over evidence, without I/O. None of the product's code is used to judge it.

mod callbacks;
mod calls;
mod cancels;
mod cases;
mod ends;
mod faults;
mod floors;
mod letters;
mod owners;
mod queues;
mod records;
mod results;
mod runs;
mod signature;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use common::clock::Timestamp;
use serde_json::Value;

use super::ledger::{Book, Style};

/// How often a webhook is tried before it is dead: the length of the fleet's schedule.
const SCHEDULED_ATTEMPTS: u64 = 18;

/// All that was seen, at one time.
#[derive(Clone, Debug, Default)]
pub(super) struct Evidence {
    /// What callers were told.
    pub(super) book: Book,
    /// The last event of every job, from JOB_EVENTS.
    pub(super) events: BTreeMap<String, Value>,
    /// Events as they were overheard, each once; some are missed.
    pub(super) heard: Vec<Value>,
    /// What lies in the work queues: a line for each queue that is not empty.
    pub(super) left: Vec<String>,
    /// Streams that do not answer or are not whole: a line for each.
    pub(super) silent: Vec<String>,
    /// The last snapshot of every delivery, from DELIVERIES.
    pub(super) deliveries: Vec<Value>,
    /// The dead letters, from DEAD_JOBS.
    pub(super) dead: Vec<Value>,
    /// The rows of SQL, by job.
    pub(super) rows: BTreeMap<String, Row>,
    /// The deliveries in SQL, by their ids.
    pub(super) delivery_rows: BTreeMap<String, DeliveryRow>,
    /// Webhooks as they came.
    pub(super) hooks: Vec<Hook>,
    /// What webhooks are signed with.
    pub(super) secret: String,
    /// Engines that began, from the workers' logs.
    pub(super) runs: Vec<EngineRun>,
    /// How often the language model was asked for each job.
    pub(super) asked: BTreeMap<String, usize>,
    /// What callers read as result, by job. Read once, at the end.
    pub(super) results: BTreeMap<String, ReadResult>,
}

/// A job in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) state: String,
    pub(super) version: i64,
    pub(super) attempt: i64,
    pub(super) has_finished: bool,
    /// The event, without the input of the job.
    pub(super) event: Value,
}

/// A delivery in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DeliveryRow {
    pub(super) status: String,
    pub(super) version: i64,
    pub(super) job: String,
    /// The snapshot, without the body.
    pub(super) snapshot: Value,
}

/// A webhook.
#[derive(Clone, Debug, Default)]
pub(super) struct Hook {
    pub(super) path: String,
    pub(super) id: String,
    pub(super) timestamp: String,
    pub(super) signature: String,
    pub(super) body: Vec<u8>,
    /// The status that it was answered with, if it was.
    pub(super) answered: Option<u16>,
}

/// An engine began.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EngineRun {
    /// When.
    pub(super) at: Timestamp,
    pub(super) job: String,
    pub(super) attempt: u64,
    pub(super) run: String,
    /// Whether it ran for a plain call, which may go before a job of the same id.
    pub(super) is_call: bool,
}

/// What a caller read.
#[derive(Clone, Debug)]
pub(super) struct ReadResult {
    /// The status of the answer.
    pub(super) status: u16,
    /// Its body.
    pub(super) body: String,
    /// Where the result lies.
    pub(super) place: Place,
}

/// Where a result lies.
#[derive(Clone, Debug)]
pub(super) enum Place {
    /// Within the event.
    Event,
    /// In the store, with these bytes.
    Object(Vec<u8>),
    /// Nowhere: the object that the event names is not there.
    Nowhere,
}

/// Something that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The rule.
    pub(super) rule: &'static str,
    /// The job; empty when it is none's.
    pub(super) job: String,
    /// What was seen.
    pub(super) seen: String,
    /// Whether time may still mend it.
    pub(super) may_pass: bool,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let job = if self.job.is_empty() { "-" } else { &self.job };
        write!(f, "[{}] {job}: {}", self.rule, self.seen)
    }
}

/// Collects findings of one rule.
struct Court<'a> {
    rule: &'static str,
    findings: &'a mut Vec<Finding>,
}

impl Court<'_> {
    fn broken(&mut self, job: &str, seen: String) {
        self.note(job, seen, false);
    }

    fn pending(&mut self, job: &str, seen: String) {
        self.note(job, seen, true);
    }

    fn note(&mut self, job: &str, seen: String, may_pass: bool) {
        self.findings.push(Finding { rule: self.rule, job: job.to_owned(), seen, may_pass });
    }
}

/// Everything that is not as it must be.
pub(super) fn check(evidence: &Evidence) -> Vec<Finding> {
    let mut findings = Vec::new();
    let rules: [(&'static str, fn(&Evidence, &mut Court<'_>)); 15] = [
        ("callers saw nothing wrong", ends::told),
        ("one end", ends::one_end),
        ("every job is somebody's", owners::check),
        ("the end is a legal one", ends::legal_end),
        ("calls", calls::check),
        ("cancellations", cancels::check),
        ("results are right", results::check),
        ("callbacks", callbacks::check),
        ("deliveries end", callbacks::ended),
        ("dead letters", letters::check),
        ("SQL equals the events", records::check),
        ("no message is left", queues::check),
        ("streams are whole", queues::whole),
        ("attempts are runs", runs::check),
        ("enough went well", floors::check),
    ];
    for (rule, check) in rules {
        check(evidence, &mut Court { rule, findings: &mut findings });
    }
    findings
}

/// The state of an event.
fn state(event: &Value) -> &str {
    event["state"].as_str().unwrap_or_default()
}

/// Whether an event ends its job.
fn is_end(event: &Value) -> bool {
    matches!(state(event), "succeeded" | "failed" | "canceled" | "expired")
}

/// A text within a document; empty when it is not there.
fn text<'a>(value: &'a Value, path: &str) -> &'a str {
    value.pointer(path).and_then(Value::as_str).unwrap_or_default()
}

/// Whether an event is of a plain call, which lives in memory and promises nothing.
fn is_call(event: &Value) -> bool {
    text(event, "/job/lane") == "interactive"
}

/// Whether a webhook was taken.
fn is_taken(hook: &Hook) -> bool {
    hook.answered.is_some_and(|status| (200..300).contains(&status))
}
