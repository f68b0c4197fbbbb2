//! Every accepted job ends once, in a way that follows from what was asked.

use std::collections::{BTreeMap, BTreeSet};

use super::{Court, Evidence, is_call, is_end, state, text};
use crate::chaos::ledger::Style;

/// What callers noticed by themselves.
pub(super) fn told(evidence: &Evidence, court: &mut Court<'_>) {
    for seen in &evidence.book.wrong {
        court.broken("", seen.clone());
    }
}

/// Exactly one terminal event each, and the one that callers were told.
pub(super) fn one_end(evidence: &Evidence, court: &mut Court<'_>) {
    let mut ends = BTreeMap::<&str, BTreeSet<&str>>::new();
    for event in evidence.heard.iter().chain(evidence.events.values()).filter(|event| is_end(event))
    {
        ends.entry(text(event, "/job/id")).or_default().insert(text(event, "/id"));
    }
    for (job, ends) in &ends {
        if ends.len() > 1 {
            let of_job = evidence.heard.iter().filter(|event| text(event, "/job/id") == *job);
            let heard: Vec<_> = of_job.map(ToString::to_string).collect();
            court.broken(job, format!("ended {} times: {}", ends.len(), heard.join("\n")));
        }
        let stored = evidence.events.get(*job);
        if !stored.is_some_and(is_end) {
            let seen = stored.map_or("nothing", state);
            court.broken(job, format!("its end was stored, and the last event is {seen}"));
        }
    }
    for (job, promise) in &evidence.book.promises {
        match evidence.events.get(job) {
            None => {
                court.broken(job, format!("was accepted ({}) and is gone", promise.style.as_str()));
            }
            Some(last) => {
                let state = state(last);
                if promise.ended.as_deref().is_some_and(|told| told != state) {
                    court.broken(job, format!("was said to be {:?} and is {state}", promise.ended));
                }
            }
        }
    }
    for (job, last) in evidence.events.iter().filter(|(_, last)| !is_end(last)) {
        let (state, version, worker) = (state(last), &last["version"], text(last, "/worker_id"));
        court.pending(job, format!("has not ended: {state}, version {version}, {worker}"));
    }
}

/// Nothing but what was asked for, or what the faults explain.
pub(super) fn legal_end(evidence: &Evidence, court: &mut Court<'_>) {
    for (job, promise) in &evidence.book.promises {
        let Some(last) = evidence.events.get(job).filter(|last| is_end(last) && !is_call(last))
        else {
            continue;
        };
        let code = text(last, "/error/code");
        let is_legal = match (state(last), promise.style) {
            ("succeeded", style) => style != Style::Failing,
            ("canceled", style) => style == Style::Canceled,
            ("failed", Style::Failing) => matches!(code, "engine_failed" | "worker_lost"),
            ("failed", Style::QueuedChat) => {
                matches!(code, "upstream_failed" | "upstream_timeout" | "worker_lost")
            }
            ("failed", _) => code == "worker_lost",
            _ => false,
        };
        if !is_legal {
            let (style, error) = (promise.style.as_str(), &last["error"]);
            court.broken(
                job,
                format!("a job of the style '{style}' ended as {} {error}", state(last)),
            );
        }
    }
}
