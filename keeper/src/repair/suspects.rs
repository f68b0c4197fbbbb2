//! Jobs whose message was not found once: they are looked at again a grace later, and only if nothing has happened to
//! them by then is their message believed to be missing.

use std::collections::HashMap;
use std::time::Duration;

use common::job::JobId;
use tokio::time::Instant;

/// More suspects than this are not remembered; those that are forgotten are found again.
const MOST: usize = 10_000;

/// Jobs whose message was not found once.
#[derive(Debug, Default)]
pub(super) struct Suspects(HashMap<JobId, Suspicion>);

/// What was seen when the message was not found.
#[derive(Clone, Copy, Debug)]
struct Suspicion {
    /// The sequence of the job's last event.
    event: u64,
    /// When.
    since: Instant,
}

/// What to make of a message that was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Perhaps it is on its way from one place to the next: look again.
    LookAgain,
    /// It was missing a grace ago, and the job has not moved since.
    Missing,
}

impl Suspects {
    /// Notes that the message of a job was not found while the job's last event was `event`.
    pub(super) fn not_found(&mut self, job: JobId, event: u64, grace: Duration) -> Verdict {
        let now = Instant::now();
        match self.0.get(&job) {
            Some(known) if known.event == event && now - known.since >= grace => Verdict::Missing,
            Some(known) if known.event == event => Verdict::LookAgain,
            Some(_) => {
                self.0.insert(job, Suspicion { event, since: now });
                Verdict::LookAgain
            }
            None => {
                if self.0.len() < MOST {
                    self.0.insert(job, Suspicion { event, since: now });
                }
                Verdict::LookAgain
            }
        }
    }

    /// Looks at a suspect again a grace from now: nothing can be done for it at present.
    pub(super) fn postpone(&mut self, job: JobId) {
        if let Some(known) = self.0.get_mut(&job) {
            known.since = Instant::now();
        }
    }

    /// Clears a job of suspicion.
    pub(super) fn clear(&mut self, job: JobId) {
        self.0.remove(&job);
    }

    /// The suspects that are to be looked at again, up to `limit`.
    pub(super) fn due(&self, grace: Duration, limit: usize) -> Vec<JobId> {
        let now = Instant::now();
        let due = self.0.iter().filter(|(_, known)| now - known.since >= grace);
        due.map(|(job, _)| *job).take(limit).collect()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GRACE: Duration = Duration::from_secs(15);

    #[tokio::test(start_paused = true)]
    async fn a_message_is_missing_after_a_grace_in_which_nothing_happened() {
        let job = JobId::from_uuid(uuid::Uuid::nil());
        let mut suspects = Suspects::default();
        assert_eq!(suspects.not_found(job, 7, GRACE), Verdict::LookAgain);
        assert!(suspects.due(GRACE, 10).is_empty());
        tokio::time::advance(GRACE / 2).await;
        assert_eq!(suspects.not_found(job, 7, GRACE), Verdict::LookAgain);
        tokio::time::advance(GRACE / 2).await;
        assert_eq!(suspects.due(GRACE, 10), [job]);
        assert_eq!(suspects.not_found(job, 7, GRACE), Verdict::Missing);
        suspects.clear(job);
        assert_eq!(suspects.len(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_postponed_suspect_lets_others_go_first() {
        let job = JobId::from_uuid(uuid::Uuid::nil());
        let mut suspects = Suspects::default();
        suspects.not_found(job, 7, GRACE);
        tokio::time::advance(GRACE).await;
        suspects.postpone(job);
        assert!(suspects.due(GRACE, 10).is_empty());
        tokio::time::advance(GRACE).await;
        assert_eq!(suspects.not_found(job, 7, GRACE), Verdict::Missing);
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_moved_begins_anew() {
        let job = JobId::from_uuid(uuid::Uuid::nil());
        let mut suspects = Suspects::default();
        suspects.not_found(job, 7, GRACE);
        tokio::time::advance(GRACE).await;
        assert_eq!(suspects.not_found(job, 8, GRACE), Verdict::LookAgain);
        tokio::time::advance(GRACE).await;
        assert_eq!(suspects.not_found(job, 8, GRACE), Verdict::Missing);
    }
}
