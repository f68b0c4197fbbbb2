//! The worker's parts and its start.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use common::bus::Bus;
use common::clock::SharedClock;
use common::job::{JobEnvelope, Run, RunId};
use common::lifecycle::Lifecycle;
use common::objects::Objects;
use common::process::Parts;
use common::retry::RetryPolicy;
use tokio::sync::OnceCell;

use crate::engine::{self, Engine, RunContext};
use crate::metrics::WorkerMetrics;
use crate::reply::ReplySink;
use crate::running::{RunHandle, Running, StopReason};
use crate::{cancel, presence, pull};

/// What the runs of a worker share.
pub(crate) struct Worker {
    pub(crate) id: String,
    pub(crate) bus: Bus,
    pub(crate) objects: Objects,
    pub(crate) clock: SharedClock,
    pub(crate) lifecycle: Lifecycle,
    pub(crate) running: Running,
    pub(crate) limits: RunLimits,
    pub(crate) metrics: WorkerMetrics,
    workspace_root: PathBuf,
}

/// The bounds of a run.
#[derive(Clone, Debug)]
pub(crate) struct RunLimits {
    pub(crate) run_limit: Duration,
    pub(crate) vanish_limit: u32,
    pub(crate) retry: RetryPolicy,
    pub(crate) presence_interval: Duration,
}

/// A worker that is ready to start.
pub struct App {
    worker: Arc<Worker>,
    engines: Vec<Arc<dyn Engine>>,
}

impl App {
    /// Builds the worker with the engines that its configuration names.
    pub async fn build(parts: &Parts) -> anyhow::Result<Self> {
        let config = &parts.config;
        let engines = engine::build(&parts.config.worker).await?;
        if engines.is_empty() {
            anyhow::bail!(
                "this worker has no engine: configure [[worker.llm]], [worker.ffmpeg] or [worker.diagnostic]"
            );
        }
        let id = match config.worker.id.as_str() {
            "" => format!("worker-{}", parts.clock.new_uuid().simple()),
            id => id.to_owned(),
        };
        let workspace_root = match &config.worker.workspace {
            Some(dir) => dir.clone(),
            None => std::env::temp_dir(),
        };
        std::fs::create_dir_all(&workspace_root).map_err(|error| {
            anyhow::anyhow!(
                "the workspace {} can not be made: {error}; set [worker] workspace to a writable directory",
                workspace_root.display()
            )
        })?;
        let worker = Worker {
            id,
            bus: parts.bus.clone(),
            objects: parts.objects.clone(),
            clock: Arc::clone(&parts.clock),
            lifecycle: parts.lifecycle.clone(),
            running: Running::default(),
            limits: RunLimits {
                run_limit: config.jobs.default_timeout,
                vanish_limit: config.jobs.vanish_limit,
                retry: config.jobs.retry.clone(),
                presence_interval: config.worker.presence_interval,
            },
            metrics: WorkerMetrics::register(&parts.metrics),
            workspace_root,
        };
        Ok(Self { worker: Arc::new(worker), engines })
    }

    /// The worker's id.
    pub fn id(&self) -> &str {
        &self.worker.id
    }

    /// What the worker can do, by capability.
    pub fn capabilities(&self) -> Vec<&'static str> {
        self.engines.iter().map(|engine| engine.capability()).collect()
    }

    /// Starts pulling. On a soft stop the worker takes no more and finishes what runs; on a hard stop it gives the
    /// rest back without costing an attempt.
    pub fn spawn(self) {
        let Self { worker, engines } = self;
        let lifecycle = worker.lifecycle.clone();
        for engine in &engines {
            let (engine, soft) = (Arc::clone(engine), lifecycle.soft());
            lifecycle.spawn("engine", async move {
                engine.maintain(&soft).await;
                Ok(())
            });
        }
        let beat = (Arc::clone(&worker), engines.clone());
        lifecycle.spawn("presence", async move {
            presence::beat(&beat.0, &beat.1).await;
            Ok(())
        });
        let listener = Arc::clone(&worker);
        lifecycle.spawn("cancel", async move {
            // Until the last run has ended: a draining worker must still hear of cancellations.
            let (soft, hard) = (listener.lifecycle.soft(), listener.lifecycle.hard());
            let drained = pull::drained(&soft, &listener.running);
            tokio::select! {
                ended = cancel::listen(&listener.bus, &listener.running, &hard) => Ok(ended?),
                () = drained => Ok(()),
            }
        });
        let stopper = Arc::clone(&worker);
        lifecycle.spawn("give back", async move {
            let (soft, hard) = (stopper.lifecycle.soft(), stopper.lifecycle.hard());
            let drained = pull::drained(&soft, &stopper.running);
            tokio::select! {
                () = hard.cancelled() => stopper.running.stop_all(StopReason::Stopping),
                () = drained => {}
            }
            Ok(())
        });
        for engine in engines {
            let worker = Arc::clone(&worker);
            lifecycle.spawn("pull", async move { pull::pull(&worker, engine).await });
        }
    }
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
}
