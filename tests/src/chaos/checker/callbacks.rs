//! Every end was told to whom it was promised, under one id and signed; or it lies among the dead deliveries.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::cases::Case;
use super::faults::explain_dead_deliveries;
use super::signature::is_signed;
use super::{Court, Evidence, Hook, is_end, is_taken, text};

pub(super) fn check(evidence: &Evidence, court: &mut Court<'_>) {
    let mut told = BTreeMap::<String, Vec<&Hook>>::new();
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
        told.entry(job).or_default().push(hook);
    }
    for (job, hooks) in &told {
        let ids: BTreeSet<_> = hooks.iter().map(|hook| &hook.id).collect();
        if ids.len() > 1 {
            court.broken(job, format!("was told under several ids: {ids:?}"));
        }
    }
    for Case { intent, job, last, .. } in evidence.cases() {
        let hooks = told.get(job).map(Vec::as_slice).unwrap_or_default();
        let elsewhere = hooks.iter().find(|hook| intent.webhook.as_ref() != Some(&hook.path));
        if let Some(hook) = elsewhere {
            let wanted = &intent.webhook;
            court.broken(job, format!("was told at {}, not at {wanted:?}", hook.path));
        }
        if let Some(last) = last.filter(|last| is_end(last)) {
            let wants = intent.webhook.is_some() && text(last, "/error/code") != "refused";
            delivered(evidence, court, job, wants, hooks);
        }
    }
}

/// The deliveries of a job that has ended.
fn delivered(evidence: &Evidence, court: &mut Court<'_>, job: &str, wants: bool, hooks: &[&Hook]) {
    let of_job = evidence.deliveries.iter().filter(|one| text(one, "/job_id") == job);
    let deliveries: Vec<_> = of_job.collect();
    match (wants, deliveries.len()) {
        (true, 0) => court.pending(job, "its end has no delivery".to_owned()),
        (true, 1) | (false, 0) => {}
        (_, count) => court.broken(job, format!("its end has {count} deliveries")),
    }
    let is_taken = hooks.iter().any(|hook| is_taken(hook));
    let is_dead = deliveries.iter().any(|one| one["status"] == "dead");
    if wants && !is_taken && !is_dead {
        court.pending(job, "its end was not told, and no dead delivery tells of it".to_owned());
    }
    for delivery in deliveries.iter().filter(|one| one["status"] == "delivered" && !is_taken) {
        court.broken(job, format!("nobody took what is said to be delivered: {delivery}"));
    }
}

/// No delivery is left between its attempts, and none is given up without a cause.
pub(super) fn ended(evidence: &Evidence, court: &mut Court<'_>) {
    let schedule = super::SCHEDULED_ATTEMPTS;
    for delivery in &evidence.deliveries {
        let status = text(delivery, "/status");
        let (job, id) = (text(delivery, "/job_id"), text(delivery, "/id"));
        let attempts = delivery["attempt"].as_u64().unwrap_or_default();
        match status {
            "dead" if attempts < schedule => {
                court.broken(job, format!("the delivery {id} is dead after {attempts} attempts"));
            }
            "dead" if !explain_dead_deliveries(&evidence.book.faults) => {
                court.broken(job, format!("the delivery {id} is dead, its receiver was well"));
            }
            "delivered" | "dead" => {}
            _ => court.pending(job, format!("the delivery {id} is {status}")),
        }
    }
}
