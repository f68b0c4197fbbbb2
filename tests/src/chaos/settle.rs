//! Waiting until everything is as it must be, and stays so.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::caller::Caller;
use super::checker::{Evidence, Finding, Row, check};
use super::gather;
use super::ledger::Ledger;
use super::listener::Listener;
use super::world::World;

/// How long everything may take to settle after the last fault is mended.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long what looks broken must stay so: a server that comes back tells for a while what was true before.
const DOUBT: Duration = Duration::from_secs(20);
/// How long nothing may change and all must be well before it is believed: two times `ack_wait` of the fleet and a
/// bit, so that what is handed out again and run again is seen.
const QUIET: Duration = Duration::from_secs(8);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// What is looked at.
pub(super) struct Scene<'a> {
    pub(super) world: &'a World,
    pub(super) folder: &'a Path,
    pub(super) ledger: &'a Ledger,
    pub(super) listener: &'a Listener,
    pub(super) secret: &'a str,
    pub(super) callers: &'a [Caller],
}

/// Looks until all is well and quiet, or something stays broken, or patience is at its end.
pub(super) async fn settle(scene: &Scene<'_>) -> anyhow::Result<(Evidence, Vec<Finding>)> {
    let until = Instant::now() + PATIENCE;
    let mut broken_since = None;
    let mut quiet_since = Instant::now();
    let mut before = None::<Evidence>;
    let mut past = Past::default();
    loop {
        // On a busy machine a look takes long: what it says is of its beginning.
        let began = Instant::now();
        let is_late = began > until;
        let &Scene { world, folder, ledger, listener, secret, callers } = scene;
        let mut evidence = match gather::gather(world, folder, ledger, listener, secret).await {
            Ok(evidence) => evidence,
            Err(error) if is_late => return Err(error),
            Err(_) => {
                quiet_since = Instant::now();
                sleep(PAUSE).await;
                continue;
            }
        };
        let findings = check(&evidence);
        past.look_at(&evidence);
        if !findings.is_empty() || before.is_none_or(|before| has_changed(&before, &evidence)) {
            quiet_since = Instant::now();
        }
        let is_broken = findings.iter().any(|finding| !finding.may_pass);
        broken_since = is_broken.then(|| broken_since.unwrap_or_else(Instant::now));
        let stays_broken = broken_since.is_some_and(|since| began.duration_since(since) > DOUBT);
        let is_quiet = began.duration_since(quiet_since) >= QUIET;
        if is_quiet || stays_broken || is_late {
            evidence.results = gather::read_results(world, &evidence, callers).await;
            let mut findings = check(&evidence);
            findings.extend(past.changed);
            if findings.is_empty() && !is_quiet {
                findings.push(Finding {
                    rule: "everything comes to rest",
                    job: String::new(),
                    seen: format!("something still changed {PATIENCE:?} after all was mended"),
                    may_pass: false,
                });
            }
            return Ok((evidence, findings));
        }
        before = Some(evidence);
        sleep(PAUSE).await;
    }
}

/// Whether anything happened between two looks.
fn has_changed(before: &Evidence, now: &Evidence) -> bool {
    before.events != now.events
        || before.rows != now.rows
        || before.deliveries != now.deliveries
        || before.hooks.len() != now.hooks.len()
        || before.runs.len() != now.runs.len()
        || before.asked != now.asked
}

/// What was final when it was seen, so that it must not change.
#[derive(Default)]
struct Past {
    /// Ends by jobs, as they were stored.
    ends: BTreeMap<String, Value>,
    /// Finished rows by jobs.
    rows: BTreeMap<String, Row>,
    changed: Vec<Finding>,
}

impl Past {
    fn look_at(&mut self, evidence: &Evidence) {
        for (job, event) in evidence.events.iter().filter(|(_, event)| is_end(event)) {
            let end = self.ends.entry(job.clone()).or_insert_with(|| event["id"].clone());
            if *end != event["id"] {
                let seen = format!("its end was the event {end}, and is now {}", event["id"]);
                *end = event["id"].clone();
                self.changed.push(changed("an end stays", job, seen));
            }
        }
        for (job, row) in evidence.rows.iter().filter(|(_, row)| row.has_finished) {
            let kept = self.rows.entry(job.clone()).or_insert_with(|| row.clone());
            if kept != row {
                let seen = format!("SQL had {kept:?} as finished, and has now {row:?}");
                *kept = row.clone();
                self.changed.push(changed("a finished row stays", job, seen));
            }
        }
    }
}

fn changed(rule: &'static str, job: &str, seen: String) -> Finding {
    Finding { rule, job: job.to_owned(), seen, may_pass: false }
}

fn is_end(event: &Value) -> bool {
    matches!(event["state"].as_str(), Some("succeeded" | "failed" | "canceled" | "expired"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn evidence(id: &str, version: i64) -> Evidence {
        let event = Value::Null;
        let state = "succeeded".to_owned();
        let row = Row { state, version, attempt: 1, has_finished: true, event };
        Evidence {
            events: BTreeMap::from([("j".to_owned(), json!({"id": id, "state": "succeeded"}))]),
            rows: BTreeMap::from([("j".to_owned(), row)]),
            ..Evidence::default()
        }
    }

    #[test]
    fn what_was_final_is_kept_in_mind() {
        let mut past = Past::default();
        past.look_at(&evidence("e1", 3));
        past.look_at(&evidence("e1", 3));
        assert!(past.changed.is_empty());
        past.look_at(&evidence("e2", 4));
        let rules: Vec<_> = past.changed.iter().map(|finding| finding.rule).collect();
        assert_eq!(rules, ["an end stays", "a finished row stays"]);
        assert!(has_changed(&evidence("e1", 3), &evidence("e2", 3)));
        assert!(!has_changed(&evidence("e1", 3), &evidence("e1", 3)));
    }
}
