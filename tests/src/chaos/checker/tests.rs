//! Each kind of violation, made up, is found; and what is right is not complained of.

use serde_json::{Value, json};

use super::signature::sign;
use super::*;
use crate::chaos::ledger::{Expected, Promise, Style};

const JOB: &str = "job-1";

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
            "id": JOB, "lane": "normal", "operation": "chat", "max_attempts": 3,
            "webhook": "http://127.0.0.1:1/queued/1"
        }
    });
    let mut evidence = Evidence {
        secret: "whsec_MTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM0".to_owned(),
        ..Evidence::default()
    };
    let promise = Promise {
        style: Style::Queued,
        expected: Expected::Document(json!({"n": 1})),
        webhook: Some("/queued/1".to_owned()),
        ended: Some("succeeded".to_owned()),
    };
    evidence.book.promises.insert(JOB.to_owned(), promise);
    evidence.heard = vec![started, end.clone()];
    evidence.events.insert(JOB.to_owned(), end);
    let row = Row { state: "succeeded".to_owned(), version: 3, attempt: 1, has_finished: true };
    evidence.rows.insert(JOB.to_owned(), row);
    evidence.runs.push(run(1, "run-1"));
    evidence.asked.insert(JOB.to_owned(), 1);
    let payload = json!({"id": "event-3", "data": {"job": {"id": JOB, "status": "succeeded"}}});
    let hook = hook(&payload, &evidence.secret);
    evidence.hooks.push(hook);
    evidence.deliveries.push(json!({"id": "d", "status": "delivered", "job_id": JOB}));
    let body = r#"{"n":1}"#.to_owned();
    let place = Place::Object(body.clone().into_bytes());
    evidence.results.insert(JOB.to_owned(), ReadResult { status: 200, body, place });
    evidence
}

fn run(attempt: u64, run: &str) -> EngineRun {
    EngineRun { job: JOB.to_owned(), attempt, run: run.to_owned(), is_call: false }
}

fn hook(payload: &Value, secret: &str) -> Hook {
    let mut hook = Hook {
        path: "/queued/1".to_owned(),
        id: payload["id"].as_str().unwrap_or_default().to_owned(),
        timestamp: "1795257044".to_owned(),
        signature: String::new(),
        body: payload.to_string().into_bytes(),
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

fn last(evidence: &mut Evidence) -> &mut Value {
    evidence.events.get_mut(JOB).unwrap()
}

fn promise(evidence: &mut Evidence) -> &mut Promise {
    evidence.book.promises.get_mut(JOB).unwrap()
}

fn read(evidence: &mut Evidence) -> &mut ReadResult {
    evidence.results.get_mut(JOB).unwrap()
}

fn row(evidence: &mut Evidence) -> &mut Row {
    evidence.rows.get_mut(JOB).unwrap()
}

#[test]
fn what_is_right_is_not_complained_of() {
    assert_eq!(after(|_| {}), Vec::new());
}

#[test]
fn the_signature_is_the_one_of_the_specification() {
    // The example of Standard Webhooks' own test suite.
    let hook = Hook {
        id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(),
        timestamp: "1614265330".to_owned(),
        body: br#"{"test": 2432232314}"#.to_vec(),
        ..Hook::default()
    };
    let signature = sign(&hook, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
    assert_eq!(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

#[test]
fn a_lost_job_is_found() {
    finds("one end", "is gone", false, |seen| {
        seen.events.clear();
        seen.heard.clear();
    });
    finds("one end", "the last event is nothing", false, |seen| seen.events.clear());
}

#[test]
fn a_job_that_does_not_end_is_found() {
    finds("one end", "has not ended", true, |seen| {
        last(seen)["state"] = json!("running");
        seen.heard.clear();
    });
}

#[test]
fn a_second_end_is_found() {
    finds("one end", "ended 2 times", false, |seen| {
        let mut other = seen.heard[1].clone();
        other["id"] = json!("event-4");
        other["state"] = json!("failed");
        seen.heard.push(other);
    });
}

#[test]
fn an_end_that_was_undone_is_found() {
    finds("one end", "the last event is running", false, |seen| {
        last(seen)["state"] = json!("running");
    });
}

#[test]
fn a_canceled_job_that_succeeded_is_found() {
    finds("one end", "was said to be Some(\"canceled\") and is succeeded", false, |seen| {
        promise(seen).ended = Some("canceled".to_owned());
    });
}

#[test]
fn an_end_that_nobody_asked_for_is_found() {
    let rule = "the end is a legal one";
    finds(rule, "ended as canceled", false, |seen| last(seen)["state"] = json!("canceled"));
    finds(rule, "ended as expired", false, |seen| last(seen)["state"] = json!("expired"));
    finds(rule, "invalid_input", false, |seen| {
        last(seen)["state"] = json!("failed");
        last(seen)["error"] = json!({"code": "invalid_input"});
    });
    finds(rule, "ended as succeeded", false, |seen| promise(seen).style = Style::Failing);
    let lost = after(|seen| {
        last(seen)["state"] = json!("failed");
        last(seen)["error"] = json!({"code": "worker_lost"});
    });
    assert!(lost.iter().all(|finding| finding.rule != rule), "{lost:#?}");
}

#[test]
fn a_result_that_is_missing_or_wrong_is_found() {
    let rule = "results are right";
    finds(rule, "answered with 503", false, |seen| {
        read(seen).status = 503;
    });
    finds(rule, "not what was asked for", false, |seen| {
        promise(seen).expected = Expected::Document(json!({"n": 2}));
    });
    finds(rule, "not what was asked for", false, |seen| {
        promise(seen).expected = Expected::Chat("ground: x".to_owned());
    });
    finds(rule, "not what was asked for", false, |seen| {
        promise(seen).expected = Expected::Attempts;
    });
    finds(rule, "is not there", false, |seen| {
        read(seen).place = Place::Nowhere;
    });
    finds(rule, "is not what is answered", false, |seen| {
        read(seen).place = Place::Object(b"{}".to_vec());
    });
}

#[test]
fn a_callback_that_did_not_come_is_found_unless_it_is_dead() {
    finds("callbacks", "was not told", true, |seen| seen.hooks.clear());
    let dead = after(|seen| {
        seen.hooks.clear();
        seen.deliveries[0]["status"] = json!("dead");
    });
    assert_eq!(dead, Vec::new());
    finds("deliveries end", "is pending", true, |seen| {
        seen.deliveries[0]["status"] = json!("pending");
    });
}

#[test]
fn a_callback_that_lies_is_found() {
    let rule = "callbacks";
    finds(rule, "not signed", false, |seen| seen.hooks[0].signature = "v1,AAAA".to_owned());
    finds(rule, "not signed", false, |seen| seen.hooks[0].body.push(b' '));
    finds(rule, "under several ids", false, |seen| {
        let mut other = seen.hooks[0].clone();
        other.id = "event-9".to_owned();
        seen.hooks.push(other);
    });
    finds(rule, "its end is", false, |seen| last(seen)["id"] = json!("event-9"));
    finds(rule, "told otherwise", false, |seen| last(seen)["state"] = json!("failed"));
    finds(rule, "was told at /other", false, |seen| seen.hooks[0].path = "/other".to_owned());
    finds(rule, "without events", false, |seen| seen.events.clear());
}

#[test]
fn records_that_differ_are_found() {
    let rule = "SQL equals the events";
    finds(rule, "is not in SQL", true, |seen| seen.rows.clear());
    finds(rule, "SQL has", false, |seen| {
        row(seen).version = 2;
    });
    finds(rule, "SQL has", true, |seen| {
        row(seen).version = 2;
        row(seen).has_finished = false;
    });
    finds(rule, "the events nothing", false, |seen| {
        let row = row(seen).clone();
        seen.rows.insert("job-2".to_owned(), row);
    });
}

#[test]
fn a_message_that_is_left_is_found() {
    finds("no message is left", "in JOBS_llm", true, |seen| {
        seen.left.push("1 in JOBS_llm: jobs.llm.mill.normal.default.job-1".to_owned());
    });
}

#[test]
fn runs_that_do_not_fit_the_attempts_are_found() {
    let rule = "attempts are runs";
    finds(rule, "succeeded by", false, |seen| seen.runs[0].run = "run-9".to_owned());
    finds(rule, "an engine ran attempt 2", false, |seen| {
        seen.runs.push(run(2, "run-2"));
    });
    finds(rule, "attempt 1 failed, engines saw", false, |seen| {
        let error = json!({"code": "engine_failed"});
        let job = json!({"id": JOB});
        seen.heard.push(json!({"state": "queued", "attempt": 2, "error": error, "job": job}));
        last(seen)["attempt"] = json!(2);
        seen.runs = vec![run(2, "run-1")];
    });
    finds(rule, "attempt 1 failed, engines saw []", false, |seen| {
        last(seen)["state"] = json!("failed");
        last(seen)["error"] = json!({"code": "upstream_failed"});
        seen.runs.clear();
    });
    finds(rule, "attempt 4 of 3", false, |seen| last(seen)["attempt"] = json!(4));
    finds(rule, "asked 2 times in 1 runs", false, |seen| {
        seen.asked.insert(JOB.to_owned(), 2);
    });
    finds(rule, "never asked", false, |seen| seen.asked.clear());
}

#[test]
fn what_callers_saw_is_found() {
    finds("callers saw nothing wrong", "unknown", false, |seen| {
        seen.book.wrong.push("job-1 was accepted, and then unknown".to_owned());
    });
}
