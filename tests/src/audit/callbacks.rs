//! Whether every end was told to whom it was promised.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Findings;
use super::life::{Life, text};
use crate::receiver::Received;

pub(super) fn check(
    received: &[Received],
    secret: &str,
    lives: &BTreeMap<String, Life>,
    findings: &mut Findings,
) {
    let mut told = BTreeSet::new();
    for one in received {
        if let Err(error) = one.check(secret) {
            findings.broken.push(format!("a webhook is not signed as it must be: {error}"));
        }
        let payload: Value = serde_json::from_slice(&one.body).unwrap_or_default();
        let job = text(&payload, "/data/job/id");
        let Some(life) = lives.get(&job) else {
            findings.broken.push(format!("a webhook tells of an unknown job: {payload}"));
            continue;
        };
        let last = life.last();
        if one.webhook_id() != text(last, "/id") || payload["id"] != last["id"] {
            findings.broken.push(format!(
                "{job} was told under the id {}, its end is {}",
                one.webhook_id(),
                last["id"]
            ));
        }
        if payload["data"]["job"]["status"] != last["state"] {
            findings.broken.push(format!("{job} is told otherwise than it is: {payload}"));
        }
        told.insert(job);
    }
    for (id, life) in lives {
        if life.has_ended() && wants_callback(life) && !told.contains(id) {
            findings.pending.push(format!("the end of {id} was not told"));
        }
    }
}

/// Calls answer their caller alone, and a refused job was answered with the refusal.
fn wants_callback(life: &Life) -> bool {
    let last = life.last();
    last["job"]["webhook"].is_string()
        && last["job"]["lane"] != "interactive"
        && last["error"]["code"] != "refused"
}
