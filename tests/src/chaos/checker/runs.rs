//! Attempts are what the engines saw.

use std::collections::{BTreeMap, BTreeSet};

use super::{Court, Evidence, is_call, is_end, state, text};

pub(super) fn check(evidence: &Evidence, court: &mut Court<'_>) {
    let mut runs = BTreeMap::<&str, Vec<(u64, &str)>>::new();
    for run in &evidence.runs {
        runs.entry(&run.job).or_default().push((run.attempt, &run.run));
    }
    for (job, last) in evidence.events.iter().filter(|(_, last)| is_end(last) && !is_call(last)) {
        let runs = runs.get(job.as_str()).map(Vec::as_slice).unwrap_or_default();
        let number = |name: &str| last[name].as_u64().unwrap_or_default();
        let (attempt, vanished) = (number("attempt"), number("vanished"));
        let most = last["job"]["max_attempts"].as_u64().unwrap_or_default();
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
        // The last attempt of a job that was canceled or given up may never have come to its engine.
        let began = attempt - u64::from(state(last) == "canceled" || attempt == 0);
        if seen.len() as u64 + vanished < began.min(attempt) {
            court.broken(
                job,
                format!("{attempt} attempts, {vanished} vanished, and engines saw {runs:?}"),
            );
        }
        let winner = (attempt, text(last, "/run_id"));
        if state(last) == "succeeded" && !runs.contains(&winner) {
            court.broken(job, format!("succeeded by {winner:?}, engines saw {runs:?}"));
        }
        let asked = evidence.asked.get(job).copied().unwrap_or(0);
        let is_chat = text(last, "/job/operation") == "chat";
        if asked > runs.len() {
            let runs = runs.len();
            court.broken(job, format!("the model was asked {asked} times in {runs} runs"));
        }
        if is_chat && state(last) == "succeeded" && asked == 0 {
            court.broken(job, "succeeded, and the model was never asked".to_owned());
        }
    }
}
