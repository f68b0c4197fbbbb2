//! The runs of this worker, and how one of them is told to stop.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use common::job::{JobId, RunId};
use dashmap::DashMap;
use tokio_util::sync::CancellationToken;

/// Why a run was told to stop. The first reason stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopReason {
    /// Somebody asked to cancel the job.
    Canceled,
    /// Another run owns the job, or the job has ended: nothing more may be sent for this delivery.
    Lost,
    /// The job's deadline passed.
    Deadline,
    /// The run took longer than it may.
    TimedOut,
    /// The worker stops.
    Stopping,
}

/// One run of this worker.
#[derive(Debug)]
pub(crate) struct RunHandle {
    pub(crate) run_id: RunId,
    pub(crate) cancel: CancellationToken,
    reason: OnceLock<StopReason>,
    owns: AtomicBool,
}

impl RunHandle {
    pub(crate) fn new(run_id: RunId) -> Self {
        Self {
            run_id,
            cancel: CancellationToken::new(),
            reason: OnceLock::new(),
            owns: AtomicBool::new(false),
        }
    }

    /// Notes that the job is this run's. Before that another run in its events says nothing: it may be the one that is
    /// just taken over.
    pub(crate) fn own(&self) {
        self.owns.store(true, Ordering::Release);
    }

    /// Whether the job became this run's.
    pub(crate) fn owns(&self) -> bool {
        self.owns.load(Ordering::Acquire)
    }

    /// Tells the run to stop.
    pub(crate) fn stop(&self, reason: StopReason) {
        let _ = self.reason.set(reason);
        self.cancel.cancel();
    }

    /// Why it was told to stop; `None` when it was not.
    pub(crate) fn stopped(&self) -> Option<StopReason> {
        self.reason.get().copied()
    }
}

/// All runs of this worker, by job.
#[derive(Clone, Default)]
pub(crate) struct Running(Arc<DashMap<JobId, Arc<RunHandle>>>);

impl Running {
    /// Notes a run until the returned guard is dropped. `None` when this worker runs the job already: a second
    /// delivery of it must not start beside the first.
    pub(crate) fn enter(&self, job: JobId, handle: Arc<RunHandle>) -> Option<RunningGuard> {
        match self.0.entry(job) {
            dashmap::Entry::Occupied(_) => None,
            dashmap::Entry::Vacant(entry) => {
                entry.insert(handle);
                Some(RunningGuard { running: self.clone(), job })
            }
        }
    }

    pub(crate) fn get(&self, job: JobId) -> Option<Arc<RunHandle>> {
        self.0.get(&job).map(|entry| Arc::clone(&entry))
    }

    pub(crate) fn jobs(&self) -> Vec<JobId> {
        self.0.iter().map(|entry| *entry.key()).collect()
    }

    /// Tells every run to stop.
    pub(crate) fn stop_all(&self, reason: StopReason) {
        for entry in self.0.iter() {
            entry.stop(reason);
        }
    }
}

/// Takes a run off the list when it is dropped.
pub(crate) struct RunningGuard {
    running: Running,
    job: JobId,
}

impl Drop for RunningGuard {
    fn drop(&mut self) {
        self.running.0.remove(&self.job);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use common::clock::SystemClock;

    #[test]
    fn the_first_reason_stands_and_a_job_runs_once_here() {
        let (job, running) = (JobId::new(&SystemClock), Running::default());
        let handle = Arc::new(RunHandle::new(RunId::new(&SystemClock)));
        let guard = running.enter(job, Arc::clone(&handle)).unwrap();
        assert!(running.enter(job, Arc::clone(&handle)).is_none());
        handle.stop(StopReason::Lost);
        handle.stop(StopReason::Canceled);
        assert_eq!(handle.stopped(), Some(StopReason::Lost));
        drop(guard);
        assert!(running.get(job).is_none());
    }
}
