//! Whose jobs they are and how they end.

use serde_json::json;

use super::*;

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
        intent(seen).ended = Some("canceled".to_owned());
    });
}

#[test]
fn an_end_that_nobody_asked_for_is_found() {
    let rule = "the end is a legal one";
    finds(rule, "ended as canceled", false, |seen| last(seen)["state"] = json!("canceled"));
    finds(rule, "ended as expired", false, |seen| last(seen)["state"] = json!("expired"));
    for code in ["invalid_input", "refused"] {
        finds(rule, code, false, |seen| {
            last(seen)["state"] = json!("failed");
            last(seen)["error"] = json!({"code": code});
        });
    }
    for style in [Style::Failing, Style::Expiring] {
        finds(rule, "ended as succeeded", false, |seen| intent(seen).style = style);
    }
    finds(rule, "is in the lane", false, |seen| last(seen)["job"]["lane"] = json!("interactive"));
    finds(rule, "has 9 attempts", false, |seen| last(seen)["job"]["max_attempts"] = json!(9));
}

#[test]
fn what_the_faults_explain_is_legal_with_them_and_found_without() {
    let rule = "the end is a legal one";
    let lost = |faults| {
        move |seen: &mut Evidence| {
            fails(seen, "worker_lost");
            seen.book.faults.insert("process killed", faults);
        }
    };
    finds(rule, "worker_lost", false, lost(2));
    passes(rule, lost(3));
    let failed = |faults| {
        move |seen: &mut Evidence| {
            intent(seen).style = Style::QueuedChat;
            fails(seen, "upstream_failed");
            seen.book.faults.insert("bad upstream", faults);
        }
    };
    finds(rule, "upstream_failed", false, failed(0));
    passes(rule, failed(1));
}

/// Every request for the job was refused.
fn refuse(seen: &mut Evidence) {
    let intent = intent(seen);
    (intent.refused, intent.is_promised) = (1, false);
    intent.jobs.clear();
}

/// Another job bears the same marker.
fn twin(seen: &mut Evidence) -> &mut Value {
    let mut event = last(seen).clone();
    event["job"]["id"] = json!("job-2");
    event["id"] = json!("event-of-twin");
    seen.events.entry("job-2".to_owned()).or_insert(event)
}

#[test]
fn a_job_that_is_nobodys_is_found() {
    let rule = "every job is somebody's";
    finds(rule, "has 2 jobs", false, |seen| {
        twin(seen);
    });
    finds(rule, "has 2 jobs", false, |seen| {
        intent(seen).jobs.insert("job-2".to_owned());
    });
    finds(rule, "no job is its", false, |seen| {
        seen.events.clear();
        intent(seen).jobs.clear();
    });
    finds(rule, "was refused, and is there", false, refuse);
    finds(rule, "was refused, and ran", false, |seen| {
        refuse(seen);
        last(seen)["state"] = json!("failed");
        last(seen)["error"] = json!({"code": "refused"});
    });
    finds(rule, "nobody asked for 'other'", false, |seen| {
        last(seen)["job"]["metadata"]["marker"] = json!("other");
    });
    let nameless = |lane| {
        move |seen: &mut Evidence| {
            last(seen)["job"]["metadata"] = Value::Null;
            last(seen)["job"]["lane"] = json!(lane);
        }
    };
    finds(rule, "nobody asked for ''", false, nameless("normal"));
    passes(rule, nameless("interactive"));
    // The first one was refused before its caller was told, and freed the key.
    passes(rule, |seen| {
        let twin = twin(seen);
        twin["state"] = json!("failed");
        twin["error"] = json!({"code": "refused"});
    });
    // Nobody was told, so it need not be there.
    passes(rule, |seen| {
        seen.events.clear();
        intent(seen).is_promised = false;
        intent(seen).jobs.clear();
    });
}

#[test]
fn a_canceled_job_that_goes_on_is_found() {
    let rule = "cancellations";
    let confirmed = |first, after: i64| {
        let at = Timestamp::from_micros(BEGUN + after);
        move |seen: &mut Evidence| {
            intent(seen).cancel = Some(crate::chaos::intent::Confirmed { at, first });
            last(seen)["cancel_requested_at"] = json!("2026-11-21T10:30:44Z");
        }
    };
    finds(rule, "began 150ms after", false, confirmed(1, -150_000));
    // Its line may be late, or it began before, or it is the run that was asked to stop.
    passes(rule, confirmed(1, -50_000));
    passes(rule, confirmed(1, 50_000));
    passes(rule, confirmed(2, -150_000));
    finds(rule, "forgotten", false, |seen| {
        confirmed(2, 0)(seen);
        last(seen)["cancel_requested_at"] = Value::Null;
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
    finds(rule, "attempt 6 of 5", false, |seen| last(seen)["attempt"] = json!(6));
    // One of the two was lost with its worker.
    let skips = |vanished| {
        move |seen: &mut Evidence| {
            last(seen)["attempt"] = json!(3);
            last(seen)["vanished"] = json!(vanished);
            seen.runs = vec![run(3, "run-1")];
        }
    };
    finds(rule, "never run", false, skips(1));
    passes(rule, skips(2));
    finds(rule, "at attempt 4 of 5", false, |seen| {
        fails(seen, "engine_failed");
        last(seen)["attempt"] = json!(4);
        seen.runs.pop();
    });
    finds(rule, "asked 2 times in 1 runs", false, |seen| {
        seen.asked.insert(JOB.to_owned(), 2);
    });
    finds(rule, "never asked", false, |seen| seen.asked.clear());
}
