//! A job out of attempts is kept as a dead letter, and no other.

use std::collections::BTreeMap;

use super::{Court, Evidence, is_call, is_end, state, text};

pub(super) fn check(evidence: &Evidence, court: &mut Court<'_>) {
    let mut letters = BTreeMap::<&str, usize>::new();
    for letter in &evidence.dead {
        *letters.entry(text(letter, "/job/id")).or_default() += 1;
    }
    for (job, last) in evidence.events.iter().filter(|(_, last)| is_end(last)) {
        let letters = letters.remove(job.as_str()).unwrap_or(0);
        let code = text(last, "/error/code");
        // What fails for good is not kept, nor a call, nor what no queue took: it never was a job.
        let is_kept = state(last) == "failed"
            && !is_call(last)
            && code != "refused"
            && (last["error"]["retryable"] == true || code == "worker_lost");
        match (is_kept, letters) {
            (true, 0) => court.broken(job, format!("failed with {code}, without a dead letter")),
            (_, 2..) => court.broken(job, format!("is kept as {letters} dead letters")),
            // Whoever buried it may have been overtaken by a cancellation.
            (false, 1) if state(last) != "canceled" => {
                court.broken(job, format!("is {} {code}, and kept as a dead letter", state(last)));
            }
            _ => {}
        }
    }
    for job in letters.into_keys().filter(|job| !evidence.events.contains_key(*job)) {
        court.broken(job, "is kept as a dead letter, and has no events".to_owned());
    }
}
