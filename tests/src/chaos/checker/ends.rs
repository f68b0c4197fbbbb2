//! Every accepted job ends once, in a way that follows from what was asked.

use std::collections::{BTreeMap, BTreeSet};

use super::cases::Case;
use super::faults::{explain_bad_upstream, explain_lost_workers, explain_stale_looks};
use super::{Court, Evidence, is_end, state, text};
use crate::chaos::intent::Class;
use crate::chaos::ledger::Style;

/// What callers noticed by themselves.
pub(super) fn told(evidence: &Evidence, court: &mut Court<'_>) {
    for seen in &evidence.book.wrong {
        court.broken("", seen.clone());
    }
    if explain_stale_looks(&evidence.book.faults) {
        return;
    }
    for seen in &evidence.book.stale {
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
    for Case { marker, intent, job, last } in evidence.cases() {
        let Some(last) = last else {
            court.broken(job, format!("'{marker}' was accepted and is gone"));
            continue;
        };
        if intent.ended.as_deref().is_some_and(|told| told != state(last)) {
            let told = &intent.ended;
            court.broken(job, format!("was said to be {told:?} and is {}", state(last)));
        }
    }
    for (job, last) in evidence.events.iter().filter(|(_, last)| !is_end(last)) {
        let (state, version, worker) = (state(last), &last["version"], text(last, "/worker_id"));
        court.pending(job, format!("has not ended: {state}, version {version}, {worker}"));
    }
}

/// It is what was asked for, and ended as that may, or as the faults explain.
pub(super) fn legal_end(evidence: &Evidence, court: &mut Court<'_>) {
    let faults = &evidence.book.faults;
    for Case { intent, job, last, .. } in evidence.cases() {
        let Some(last) = last else { continue };
        let lane = text(last, "/job/lane");
        if lane != intent.lane {
            court.broken(job, format!("is in the lane {lane}, not {}", intent.lane));
        }
        if last["job"]["max_attempts"] != intent.max_attempts {
            let most = &last["job"]["max_attempts"];
            court.broken(job, format!("has {most} attempts, not {}", intent.max_attempts));
        }
        if !is_end(last) {
            continue;
        }
        let code = text(last, "/error/code");
        let lost = code == "worker_lost" && explain_lost_workers(faults, intent.max_attempts);
        let is_legal = match (state(last), intent.style) {
            ("succeeded", style) => !matches!(style, Style::Failing | Style::Expiring),
            ("canceled", style) => style == Style::Canceled,
            ("expired", style) => style == Style::Expiring,
            ("failed", _) if code == "refused" => intent.class() != Class::Promised,
            ("failed", Style::Failing) => code == "engine_failed" || lost,
            ("failed", Style::QueuedChat) => {
                let upstream = matches!(code, "upstream_failed" | "upstream_timeout");
                lost || upstream && explain_bad_upstream(faults)
            }
            ("failed", _) => lost,
            _ => false,
        };
        if !is_legal {
            let (style, error) = (intent.style.as_str(), &last["error"]);
            court.broken(
                job,
                format!("a job of the style '{style}' ended as {} {error}", state(last)),
            );
        }
    }
}
