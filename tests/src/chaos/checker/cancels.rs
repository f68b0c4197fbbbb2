//! A confirmed cancellation is kept, and nothing begins after it.

use std::time::Duration;

use super::cases::Case;
use super::{Court, Evidence, is_end, state};

/// How much later the line of a log may be written than what it tells of.
const LATE: Duration = Duration::from_millis(100);

pub(super) fn check(evidence: &Evidence, court: &mut Court<'_>) {
    for Case { intent, job, last, .. } in evidence.cases() {
        let (Some(confirmed), Some(last)) = (intent.cancel, last) else { continue };
        let runs = evidence.runs.iter().filter(|run| run.job == job);
        for run in runs {
            let late = run.at.since(confirmed.at);
            if run.attempt >= confirmed.first && late > LATE {
                court.broken(
                    job,
                    format!("attempt {} began {late:?} after it was canceled", run.attempt),
                );
            }
        }
        if is_end(last) && state(last) != "canceled" && last["cancel_requested_at"].is_null() {
            court.broken(job, format!("its cancellation was confirmed and forgotten: {last}"));
        }
    }
}
