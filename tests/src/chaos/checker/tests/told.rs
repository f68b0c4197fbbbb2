//! What callers and receivers were told.

use serde_json::json;

use super::*;
use crate::chaos::intent::Call;

#[test]
fn what_callers_saw_is_found() {
    finds("callers saw nothing wrong", "unknown", false, |seen| {
        seen.book.wrong.push("job-1 was accepted, and then unknown".to_owned());
    });
}

#[test]
fn a_status_that_runs_backwards_is_found_unless_servers_were_away() {
    let rule = "callers saw nothing wrong";
    let stale = |faults| {
        move |seen: &mut Evidence| {
            seen.book.stale.push("it was running, and then queued".to_owned());
            seen.book.faults.insert("nats-server killed", faults);
        }
    };
    finds(rule, "and then queued", false, stale(0));
    finds(rule, "and then queued", false, |seen| {
        stale(0)(seen);
        seen.book.faults.insert("process killed", 1);
    });
    passes(rule, stale(1));
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
fn a_result_that_is_missing_or_wrong_is_found() {
    let rule = "results are right";
    finds(rule, "answered with 503", false, |seen| {
        read(seen).status = 503;
    });
    for expected in [
        Expected::Document(json!({"n": 2})),
        Expected::Chat("ground: x".to_owned()),
        Expected::Attempts,
    ] {
        finds(rule, "not what was asked for", false, |seen| intent(seen).expected = expected);
    }
    finds(rule, "is not there", false, |seen| {
        read(seen).place = Place::Nowhere;
    });
    finds(rule, "is not what is answered", false, |seen| {
        read(seen).place = Place::Object(b"{}".to_vec());
    });
    // Also of a job that nobody was told of.
    finds(rule, "not what was asked for", false, |seen| {
        intent(seen).is_promised = false;
        intent(seen).jobs.clear();
        intent(seen).expected = Expected::Attempts;
    });
}

#[test]
fn a_callback_that_did_not_come_is_found_unless_it_is_dead() {
    let rule = "callbacks";
    finds(rule, "was not told", true, |seen| seen.hooks.clear());
    // It came, and was not taken.
    for answered in [None, Some(500)] {
        finds(rule, "nobody took", false, |seen| seen.hooks[0].answered = answered);
        finds(rule, "was not told", true, |seen| seen.hooks[0].answered = answered);
    }
    finds(rule, "has no delivery", true, |seen| seen.deliveries.clear());
    finds(rule, "has 2 deliveries", false, |seen| {
        let other = seen.deliveries[0].clone();
        seen.deliveries.push(other);
    });
    finds(rule, "has 1 deliveries", false, |seen| intent(seen).webhook = None);
    let dead = |attempts, faults| {
        move |seen: &mut Evidence| {
            seen.hooks.clear();
            seen.deliveries[0]["status"] = json!("dead");
            seen.deliveries[0]["attempt"] = json!(attempts);
            seen.book.faults.insert("bad receiver", faults);
        }
    };
    passes(rule, dead(18, 1));
    let rule = "deliveries end";
    passes(rule, dead(18, 1));
    finds(rule, "dead after 17 attempts", false, dead(17, 1));
    finds(rule, "its receiver was well", false, dead(18, 0));
    finds(rule, "is pending", true, |seen| seen.deliveries[0]["status"] = json!("pending"));
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
    // What was asked for counts, not what the event says of it.
    finds(rule, "was told at /other", false, |seen| {
        seen.hooks[0].path = "/other".to_owned();
        last(seen)["job"]["webhook"] = json!("http://127.0.0.1:1/other");
    });
    finds(rule, "without events", false, |seen| seen.events.clear());
}

#[test]
fn a_call_that_is_kept_otherwise_than_it_was_answered_is_found() {
    let rule = "calls";
    let called = |change: fn(&mut Evidence)| {
        move |seen: &mut Evidence| {
            let call = Call {
                style: Style::Sync,
                expected: "ground: a".to_owned(),
                job: Some(JOB.to_owned()),
                is_answered: true,
            };
            seen.book.intents.clear();
            seen.book.calls.insert(MARKER.to_owned(), call);
            last(seen)["job"]["lane"] = json!("interactive");
            change(seen);
        }
    };
    passes(rule, called(|_| {}));
    passes("every job is somebody's", called(|_| {}));
    finds(rule, "was answered whole", false, called(|seen| last(seen)["state"] = json!("failed")));
    let other = called(|seen| {
        let message = json!({"content": "ground: b"});
        last(seen)["result"] = json!({"inline": {"choices": [{"message": message}]}});
    });
    finds(rule, "another answer", false, other);
    let mixed = called(|seen| last(seen)["job"]["metadata"]["marker"] = json!("sync 9"));
    finds(rule, "the job of 'sync 9'", false, mixed);
    let often = called(|seen| {
        seen.asked.insert(JOB.to_owned(), 2);
    });
    finds(rule, "asked 2 times in 1 runs", false, often);
}
