//! Calls promise nothing, but what they answer and what is kept of them is one: unless a worker or its way to the broker
//! broke between the answer, which goes first, and its record. Then another run, or the deadline, may be recorded.

use super::cases::marker_of;
use super::faults::explain_other_ends_of_calls;
use super::{Court, Evidence, is_call, is_end, state, text};
use crate::chaos::upstream::text_of;

pub(super) fn check(evidence: &Evidence, court: &mut Court<'_>) {
    for (marker, call) in &evidence.book.calls {
        let Some(job) = &call.job else { continue };
        let Some(last) = evidence.events.get(job).filter(|last| is_end(last)) else { continue };
        let is_kept_otherwise = call.is_answered && state(last) != "succeeded";
        if is_kept_otherwise && !explain_other_ends_of_calls(&evidence.book.faults) {
            let (state, code) = (state(last), text(last, "/error/code"));
            court.broken(job, format!("'{marker}' was answered whole, and is {state} {code}"));
        }
        let result = &last["result"]["inline"];
        if call.style == super::Style::Sync
            && result.is_object()
            && text_of(result) != call.expected
        {
            court.broken(job, format!("'{marker}' is kept with another answer: {result}"));
        }
        let named = marker_of(last);
        if !named.is_empty() && named != marker {
            court.broken(job, format!("'{marker}' was answered with the job of '{named}'"));
        }
    }
    for job in evidence.events.iter().filter(|(_, last)| is_call(last)).map(|(job, _)| job) {
        let asked = evidence.asked.get(job).copied().unwrap_or(0);
        let begun = evidence.runs.iter().filter(|run| run.job == *job).count();
        if asked > begun {
            court.broken(job, format!("the model was asked {asked} times in {begun} runs"));
        }
    }
}
