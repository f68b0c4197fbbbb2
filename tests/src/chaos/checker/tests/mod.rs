//! Each kind of violation, made up, is found; and what is right is not complained of.

mod ends;
mod kept;
mod told;

use common::clock::Timestamp;
use serde_json::{Value, json};

use super::signature::sign;
use super::*;
use crate::chaos::intent::{Expected, Intent};

const JOB: &str = "job-1";
/// What the job bears in its metadata.
const MARKER: &str = "queued 1";
/// When the engine began, in microseconds.
const BEGUN: i64 = 1_795_257_044_000_000;

/// A queued job with a callback that succeeded, seen by everybody.
fn flawless() -> Evidence {
    let started = json!({
        "id": "event-2", "type": "job.started", "state": "running", "version": 2, "attempt": 1,
        "run_id": "run-1", "job": {"id": JOB, "lane": "normal"}
    });
    let end = json!({
        "id": "event-3", "type": "job.succeeded", "state": "succeeded", "version": 3, "attempt": 1,
        "run_id": "run-1", "result": {"key": "jobs/job-1/run-1/result"},
        "job": {
            "id": JOB, "lane": "normal", "operation": "chat", "max_attempts": 5,
            "webhook": "http://127.0.0.1:1/queued-1", "metadata": {"marker": MARKER},
        }
    });
    let mut evidence = Evidence {
        secret: "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0".to_owned(),
        ..Evidence::default()
    };
    let mut intent = Intent::new(Style::Queued, Expected::Document(json!({"n": 1})));
    intent.webhook = Some("/queued-1".to_owned());
    (intent.asked, intent.is_promised) = (1, true);
    intent.jobs.insert(JOB.to_owned());
    intent.ended = Some("succeeded".to_owned());
    evidence.book.intents.insert(MARKER.to_owned(), intent);
    evidence.heard = vec![started, end.clone()];
    let row = Row {
        state: "succeeded".to_owned(),
        version: 3,
        attempt: 1,
        has_finished: true,
        event: end.clone(),
    };
    evidence.events.insert(JOB.to_owned(), end);
    evidence.rows.insert(JOB.to_owned(), row);
    evidence.runs.push(run(1, "run-1"));
    evidence.asked.insert(JOB.to_owned(), 1);
    let payload = json!({"id": "event-3", "data": {"job": {"id": JOB, "status": "succeeded"}}});
    let hook = hook(&payload, &evidence.secret);
    evidence.hooks.push(hook);
    let delivery = json!({
        "id": "d", "status": "delivered", "job_id": JOB, "attempt": 1, "version": 2, "body": null
    });
    let row = DeliveryRow {
        status: "delivered".to_owned(),
        version: 2,
        job: JOB.to_owned(),
        snapshot: delivery.clone(),
    };
    evidence.delivery_rows.insert("d".to_owned(), row);
    evidence.deliveries.push(delivery);
    let body = r#"{"n":1}"#.to_owned();
    let place = Place::Object(body.clone().into_bytes());
    evidence.results.insert(JOB.to_owned(), ReadResult { status: 200, body, place });
    evidence
}

fn run(attempt: u64, run: &str) -> EngineRun {
    let at = Timestamp::from_micros(BEGUN);
    EngineRun { at, job: JOB.to_owned(), attempt, run: run.to_owned(), is_call: false }
}

fn hook(payload: &Value, secret: &str) -> Hook {
    let mut hook = Hook {
        path: "/queued-1".to_owned(),
        id: payload["id"].as_str().unwrap_or_default().to_owned(),
        timestamp: "1795257044".to_owned(),
        signature: String::new(),
        body: payload.to_string().into_bytes(),
        answered: Some(204),
    };
    hook.signature = sign(&hook, secret).unwrap();
    hook
}

/// The findings after something was changed.
fn after(change: impl FnOnce(&mut Evidence)) -> Vec<Finding> {
    let mut evidence = flawless();
    change(&mut evidence);
    check(&evidence)
}

/// Panics unless the change is found, by this rule and with these words.
#[track_caller]
fn finds(rule: &str, words: &str, may_pass: bool, change: impl FnOnce(&mut Evidence)) {
    let findings = after(change);
    let found = findings
        .iter()
        .any(|one| one.rule == rule && one.seen.contains(words) && one.may_pass == may_pass);
    assert!(found, "{findings:#?}");
}

/// Panics if this rule complains of the change.
#[track_caller]
fn passes(rule: &str, change: impl FnOnce(&mut Evidence)) {
    let found: Vec<_> = after(change).into_iter().filter(|one| one.rule == rule).collect();
    assert_eq!(found, Vec::new());
}

fn last(evidence: &mut Evidence) -> &mut Value {
    evidence.events.get_mut(JOB).unwrap()
}

fn intent(evidence: &mut Evidence) -> &mut Intent {
    evidence.book.intents.get_mut(MARKER).unwrap()
}

fn read(evidence: &mut Evidence) -> &mut ReadResult {
    evidence.results.get_mut(JOB).unwrap()
}

fn row(evidence: &mut Evidence) -> &mut Row {
    evidence.rows.get_mut(JOB).unwrap()
}

/// The job fails for want of attempts, as it must be seen by the workers and in the dead letters.
fn fails(seen: &mut Evidence, code: &str) {
    let end = last(seen);
    end["state"] = json!("failed");
    end["attempt"] = json!(5);
    end["error"] = json!({"code": code, "retryable": true});
    seen.dead.push(json!({"job": {"id": JOB}}));
    seen.runs = (1..=5).map(|attempt| run(attempt, "run-1")).collect();
}

#[test]
fn what_is_right_is_not_complained_of() {
    assert_eq!(after(|_| {}), Vec::new());
}
