//! What is kept, what is left, and whether anything was done at all.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;

#[test]
fn records_that_differ_are_found() {
    let rule = "SQL equals the events";
    finds(rule, "is not in SQL", true, |seen| seen.rows.clear());
    finds(rule, "SQL has it succeeded at 2", false, |seen| {
        row(seen).version = 2;
    });
    finds(rule, "SQL has it succeeded at 2", true, |seen| {
        row(seen).version = 2;
        row(seen).has_finished = false;
    });
    finds(rule, "the events nothing", false, |seen| {
        let row = row(seen).clone();
        seen.rows.insert("job-2".to_owned(), row);
    });
    finds(rule, "run_id \"run-9\" for \"run-1\"", false, |seen| {
        row(seen).event["run_id"] = json!("run-9");
    });
    passes(rule, |seen| last(seen)["job"]["input"] = json!({"n": 1}));
}

#[test]
fn deliveries_that_differ_in_the_records_are_found() {
    let rule = "SQL equals the events";
    let delivery = |seen: &mut Evidence| seen.delivery_rows.remove("d").unwrap();
    finds(rule, "delivery d is not in SQL", true, |seen| drop(delivery(seen)));
    finds(rule, "delivery d is at 1", true, |seen| {
        let row = DeliveryRow { version: 1, ..delivery(seen) };
        seen.delivery_rows.insert("d".to_owned(), row);
    });
    finds(rule, "another one in SQL: attempt 2 for 1", false, |seen| {
        let mut row = delivery(seen);
        row.snapshot["attempt"] = json!(2);
        seen.delivery_rows.insert("d".to_owned(), row);
    });
    // Two made the same attempt.
    passes(rule, |seen| {
        let mut row = delivery(seen);
        row.snapshot["attempts"] = json!([{"attempt": 1, "duration_ms": 7}]);
        seen.delivery_rows.insert("d".to_owned(), row);
    });
    finds(rule, "the stream has not", false, |seen| seen.deliveries.clear());
    passes(rule, |seen| seen.deliveries[0]["body"] = json!("{}"));
}

#[test]
fn a_message_that_is_left_is_found() {
    finds("no message is left", "in JOBS_llm", true, |seen| {
        seen.left.push("1 in JOBS_llm: jobs.llm.mill.normal.default.job-1".to_owned());
    });
}

#[test]
fn a_stream_that_is_silent_is_found() {
    finds("streams are whole", "does not answer", true, |seen| {
        seen.silent.push("CALLS_llm does not answer: timed out".to_owned());
    });
}

#[test]
fn a_dead_letter_that_is_missing_or_too_many_is_found() {
    let rule = "dead letters";
    passes(rule, |seen| fails(seen, "engine_failed"));
    finds(rule, "without a dead letter", false, |seen| {
        fails(seen, "engine_failed");
        seen.dead.clear();
    });
    finds(rule, "as 2 dead letters", false, |seen| {
        fails(seen, "engine_failed");
        seen.dead.push(json!({"job": {"id": JOB}}));
    });
    finds(rule, "is succeeded", false, |seen| seen.dead.push(json!({"job": {"id": JOB}})));
    passes(rule, |seen| {
        fails(seen, "upstream_failed");
        seen.dead.clear();
        last(seen)["job"]["lane"] = json!("interactive");
    });
    finds(rule, "has no events", false, |seen| seen.dead.push(json!({"job": {"id": "job-2"}})));
}

#[test]
fn too_little_that_worked_is_found() {
    let rule = "enough went well";
    let goes = |change: fn(&mut Evidence)| {
        move |seen: &mut Evidence| {
            seen.book.span = Duration::from_secs(24);
            change(seen);
        }
    };
    finds(rule, "'queued' went well 1 times, not even 2", false, goes(|_| {}));
    finds(rule, "no cancellation", false, goes(|_| {}));
    finds(rule, "no webhook was taken", false, goes(|seen| seen.hooks.clear()));
    finds(rule, "no dead letter", false, goes(|_| {}));
    let inline = |seen: &mut Evidence| last(seen)["result"] = Value::Null;
    finds(rule, "no result went through", false, goes(inline));
}
