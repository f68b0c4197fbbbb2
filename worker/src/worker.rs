//! What the runs of a worker share.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use common::bus::Bus;
use common::clock::SharedClock;
use common::job::{JobEnvelope, Run, RunId};
use common::lifecycle::Lifecycle;
use common::objects::Objects;
use common::retry::RetryPolicy;
use tokio::sync::OnceCell;

use crate::engine::RunContext;
use crate::metrics::WorkerMetrics;
use crate::reply::ReplySink;
use crate::running::{RunHandle, Running, StopReason};

/// The worker, as its runs see it.
pub(crate) struct Worker {
    pub(crate) id: String,
    pub(crate) bus: Bus,
    pub(crate) objects: Objects,
    pub(crate) clock: SharedClock,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) running: Running,
    pub(crate) limits: RunLimits,
    pub(crate) metrics: WorkerMetrics,
    /// Where runs make their folders.
    pub(crate) workspace_root: PathBuf,
}

/// The bounds of a run.
#[derive(Clone, Debug)]
pub(crate) struct RunLimits {
    pub(crate) run_limit: Duration,
    pub(crate) vanish_limit: u32,
    pub(crate) retry: RetryPolicy,
    pub(crate) presence_interval: Duration,
}

impl Worker {
    /// The identity of a new run.
    pub(crate) fn new_run(&self) -> Run {
        Run { id: RunId::new(self.clock.as_ref()), worker_id: self.id.clone() }
    }

    /// A run that began after everything was told to stop is told now.
    pub(crate) fn stop_if_late(&self, handle: &RunHandle) {
        if self.lifecycle.hard().is_cancelled() {
            handle.stop(StopReason::Stopping);
        }
    }

    /// The surroundings of a run.
    pub(crate) fn context(
        &self,
        job: Arc<JobEnvelope>,
        run_id: RunId,
        attempt: u32,
        reply: ReplySink,
        handle: &RunHandle,
    ) -> RunContext {
        RunContext {
            job,
            run_id,
            attempt,
            input: Bytes::new(),
            cancel: handle.cancel.clone(),
            reply,
            clock: Arc::clone(&self.clock),
            objects: self.objects.clone(),
            workspace: OnceCell::new(),
            workspace_root: self.workspace_root.clone(),
        }
    }

    /// Resolves when the worker takes no more and its last run has ended.
    pub(crate) async fn drained(&self) {
        self.lifecycle.soft().cancelled().await;
        while !self.running.jobs().is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
