//! Start and stop of a process, in numbered phases.
//!
//! 1. **Running.** Every task is spawned on the [`Lifecycle`]. The phase ends with a signal, with
//!    [`request_stop`](Lifecycle::request_stop), or with a task that fails: then the process stops as well, and its
//!    exit status says so.
//! 2. **Soft stop** ([`soft`](Lifecycle::soft)). Readiness goes off, nothing new is accepted or pulled, what is in
//!    hand is finished.
//! 3. **Hard stop** ([`hard`](Lifecycle::hard)), after the grace or a second signal. What still runs is cancelled:
//!    engines are stopped and their jobs given back without costing an attempt, connections are dropped.
//! 4. **Abandon**, [`HARD_GRACE`] later. Tasks that ignored the hard stop are dropped where they wait and named in
//!    the exit status.
//! 5. **After the last task** the caller closes what the tasks used: NATS, the SQL pool, telemetry.

mod signals;
mod task;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

use std::future::Future;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use task::Running;

/// How long tasks may take to give up after the hard stop.
pub const HARD_GRACE: Duration = Duration::from_secs(10);
/// How long to wait for tasks to be dropped; one that blocks its thread is left to the end of the process.
const ABANDON_GRACE: Duration = Duration::from_secs(1);

/// The process's tasks and its stop. Cheap to clone; all clones are one.
#[derive(Clone, Debug)]
pub struct Lifecycle(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    soft: CancellationToken,
    hard: CancellationToken,
    abandon: CancellationToken,
    tracker: TaskTracker,
    running: Arc<Running>,
    failure: Mutex<Option<String>>,
    /// What ends with the process, not with its work: the stop does not wait for it.
    companions: Mutex<JoinSet<()>>,
}

/// How the process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExitStatus {
    /// It was asked to stop, and every task ended.
    Success,
    /// A task failed, or did not end when told to. The text says which.
    Failure(String),
}

impl ExitStatus {
    /// Whether the end was a good one.
    pub fn is_success(&self) -> bool {
        *self == Self::Success
    }
}

impl From<&ExitStatus> for ExitCode {
    fn from(status: &ExitStatus) -> Self {
        match status {
            ExitStatus::Success => Self::SUCCESS,
            ExitStatus::Failure(_) => Self::FAILURE,
        }
    }
}

impl Lifecycle {
    /// A process in phase 1.
    pub fn new() -> Self {
        let hard = CancellationToken::new();
        Self(Arc::new(Inner {
            soft: hard.child_token(),
            hard,
            abandon: CancellationToken::new(),
            tracker: TaskTracker::new(),
            running: Arc::default(),
            failure: Mutex::default(),
            companions: Mutex::default(),
        }))
    }

    /// Cancelled when the process should stop: accept and pull nothing more, finish what is in hand.
    pub fn soft(&self) -> CancellationToken {
        self.0.soft.clone()
    }

    /// Cancelled when what is in hand should be given up. Implies [`soft`](Self::soft).
    pub fn hard(&self) -> CancellationToken {
        self.0.hard.clone()
    }

    /// Runs a task that the stop waits for. A task that fails or panics stops the process; one that ends well
    /// does not.
    pub fn spawn(
        &self,
        name: &'static str,
        task: impl Future<Output = anyhow::Result<()>> + Send + 'static,
    ) {
        let task = task::supervised(self.clone(), name, task);
        self.0.tracker.spawn(task);
    }

    /// Runs a task that its owner ends by the handle. The stop waits for it all the same, so the owner must be
    /// a task that ends.
    pub fn spawn_abortable(
        &self,
        name: &'static str,
        task: impl Future<Output = ()> + Send + 'static,
    ) -> AbortHandle {
        let task = async move {
            task.await;
            Ok(())
        };
        self.0.tracker.spawn(task::supervised(self.clone(), name, task)).abort_handle()
    }

    /// Runs what other tasks rely on until the last of them has ended, and drops it then. It must not hold the lifecycle,
    /// or it would keep itself alive.
    pub fn accompany(&self, companion: impl Future<Output = ()> + Send + 'static) {
        self.0.companions.lock().unwrap_or_else(PoisonError::into_inner).spawn(companion);
    }

    /// Begins the soft stop. The first reason is logged; further calls change nothing.
    pub fn request_stop(&self, reason: impl AsRef<str>) {
        if !self.0.soft.is_cancelled() {
            tracing::info!(reason = reason.as_ref(), "stopping");
            self.0.soft.cancel();
        }
    }

    /// Begins the soft stop because something failed; the exit status will say what. The first failure counts.
    pub fn fail(&self, reason: impl Into<String>) {
        let reason = reason.into();
        tracing::error!(reason, "stopping after a failure");
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(reason);
        self.0.soft.cancel();
    }

    /// The first failure, if there was one.
    pub fn failed(&self) -> Option<String> {
        self.0.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Phases 1 to 4: waits until a stop is asked for, then sees it through.
    pub async fn run(&self, grace: Duration) -> ExitStatus {
        self.0.soft.cancelled().await;
        self.shutdown(grace).await
    }

    /// Phases 2 to 4: asks for a stop, unless that was done, and waits for the tasks. Those that do not end within
    /// `grace` get the hard stop.
    pub async fn shutdown(&self, grace: Duration) -> ExitStatus {
        let inner = &self.0;
        self.request_stop("shut down");
        inner.tracker.close();
        tokio::select! {
            () = inner.tracker.wait() => {}
            () = inner.hard.cancelled() => {}
            () = tokio::time::sleep(grace) => {
                tracing::warn!(tasks = %inner.running, "the grace is over; cancelling what still runs");
            }
        }
        inner.hard.cancel();
        if tokio::time::timeout(HARD_GRACE, inner.tracker.wait()).await.is_err() {
            let left = inner.running.to_string();
            self.fail(format!("these tasks did not stop when told to: {left}"));
            inner.abandon.cancel();
            let _ = tokio::time::timeout(ABANDON_GRACE, inner.tracker.wait()).await;
        }
        inner.companions.lock().unwrap_or_else(PoisonError::into_inner).abort_all();
        self.failed().map_or(ExitStatus::Success, ExitStatus::Failure)
    }
}

impl Default for Lifecycle {
    fn default() -> Self {
        Self::new()
    }
}
