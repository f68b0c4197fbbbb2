//! Every end was told to whom it was promised, under one id and signed; or it lies among the dead deliveries.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::signature::is_signed;
use super::{Court, Evidence, is_end, text};

pub(super) fn check(evidence: &Evidence, court: &mut Court<'_>) {
    let mut ids = BTreeMap::<String, BTreeSet<&str>>::new();
    for hook in &evidence.hooks {
        let payload: Value = serde_json::from_slice(&hook.body).unwrap_or_default();
        let job = text(&payload, "/data/job/id").to_owned();
        if !is_signed(hook, &evidence.secret) {
            court
                .broken(&job, format!("a webhook is not signed as it must be: {}", hook.signature));
        }
        let Some(last) = evidence.events.get(&job) else {
            court.broken(&job, format!("a webhook tells of a job without events: {payload}"));
            continue;
        };
        if hook.id != text(last, "/id") || payload["id"] != last["id"] {
            court.broken(
                &job,
                format!("was told under the id {}, its end is {}", hook.id, last["id"]),
            );
        }
        if payload["data"]["job"]["status"] != last["state"] {
            court.broken(&job, format!("is told otherwise than it is: {payload}"));
        }
        if !text(last, "/job/webhook").ends_with(&hook.path) {
            court.broken(&job, format!("was told at {}", hook.path));
        }
        ids.entry(job).or_default().insert(hook.id.as_str());
    }
    for (job, ids) in ids.iter().filter(|(_, ids)| ids.len() > 1) {
        court.broken(job, format!("was told under several ids: {ids:?}"));
    }
    let dead: BTreeSet<_> = evidence
        .deliveries
        .iter()
        .filter(|delivery| delivery["status"] == "dead")
        .map(|delivery| text(delivery, "/job_id"))
        .collect();
    for (job, promise) in &evidence.book.promises {
        let has_ended = evidence.events.get(job).is_some_and(is_end);
        let is_told = ids.contains_key(job) || dead.contains(job.as_str());
        if promise.webhook.is_some() && has_ended && !is_told {
            court.pending(job, "its end was not told, and no dead delivery tells of it".to_owned());
        }
    }
}

/// No delivery is left between its attempts.
pub(super) fn ended(evidence: &Evidence, court: &mut Court<'_>) {
    for delivery in &evidence.deliveries {
        let status = text(delivery, "/status");
        if status != "delivered" && status != "dead" {
            let (job, id) = (text(delivery, "/job_id"), text(delivery, "/id"));
            court.pending(job, format!("the delivery {id} is {status}"));
        }
    }
}
