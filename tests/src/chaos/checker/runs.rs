//! Attempts are what the engines saw.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Court, Evidence, is_call, is_end, state, text};

/// Errors that an engine never makes: the attempt may have ended before it came to one.
const NOT_BY_ENGINES: [&str; 2] = ["worker_lost", "unavailable"];

pub(super) fn check(evidence: &Evidence, court: &mut Court<'_>) {
    let mut runs = BTreeMap::<&str, Vec<(u64, &str)>>::new();
    let mut begun = BTreeMap::<&str, usize>::new();
    for run in &evidence.runs {
        *begun.entry(&run.job).or_default() += 1;
        // The call that went before a job counts attempts of its own.
        if !run.is_call {
            runs.entry(&run.job).or_default().push((run.attempt, &run.run));
        }
    }
    let intents: BTreeMap<_, _> =
        evidence.cases().into_iter().map(|case| (case.job, case.intent)).collect();
    for (job, last) in evidence.events.iter().filter(|(_, last)| is_end(last)) {
        let intent = intents.get(job.as_str());
        // A call lives in memory and promises nothing; a job is none, whatever its event says.
        if is_call(last) && intent.is_none() {
            continue;
        }
        let runs = runs.get(job.as_str()).map(Vec::as_slice).unwrap_or_default();
        let attempt = last["attempt"].as_u64().unwrap_or_default();
        let said = last["job"]["max_attempts"].as_u64().unwrap_or_default();
        let most = intent.map_or(said, |intent| intent.max_attempts);
        if attempt == 0 || attempt > most {
            court.broken(job, format!("is at attempt {attempt} of {most}"));
        }
        if let Some(run) = runs.iter().find(|run| run.0 > attempt) {
            court.broken(
                job,
                format!("an engine ran attempt {}, the event counts {attempt}", run.0),
            );
        }
        let seen: BTreeSet<u64> = runs.iter().map(|run| run.0).collect();
        // A worker that vanishes may have had no time to begin; nothing else ends an attempt before its engine.
        let skipped: Vec<_> = (1..attempt).filter(|attempt| !seen.contains(attempt)).collect();
        if skipped.len() as u64 > last["vanished"].as_u64().unwrap_or_default() {
            court.broken(job, format!("attempts {skipped:?} of {attempt} were never run"));
        }
        let is_retryable = last["error"]["retryable"] == true;
        let code = text(last, "/error/code");
        if state(last) == "failed" && is_retryable && code != "refused" && attempt < most {
            court.broken(job, format!("failed with {code} at attempt {attempt} of {most}"));
        }
        let of_job = evidence.heard.iter().filter(|event| text(event, "/job/id") == job);
        for failed in of_job.chain([last]).filter_map(failed_by_engine) {
            if !seen.contains(&failed) {
                court.broken(job, format!("attempt {failed} failed, engines saw {runs:?}"));
            }
        }
        let winner = (attempt, text(last, "/run_id"));
        if state(last) == "succeeded" && !runs.contains(&winner) {
            court.broken(job, format!("succeeded by {winner:?}, engines saw {runs:?}"));
        }
        let asked = evidence.asked.get(job).copied().unwrap_or(0);
        let begun = begun.get(job.as_str()).copied().unwrap_or(0);
        if asked > begun {
            court.broken(job, format!("the model was asked {asked} times in {begun} runs"));
        }
        if text(last, "/job/operation") == "chat" && state(last) == "succeeded" && asked == 0 {
            court.broken(job, "succeeded, and the model was never asked".to_owned());
        }
    }
}

/// The attempt whose failure in an engine an event tells of.
fn failed_by_engine(event: &Value) -> Option<u64> {
    let code = text(event, "/error/code");
    if code.is_empty() || NOT_BY_ENGINES.contains(&code) {
        return None;
    }
    match state(event) {
        "queued" => event["attempt"].as_u64()?.checked_sub(1),
        "failed" if code != "refused" => event["attempt"].as_u64(),
        _ => None,
    }
}
