//! The worker's parts and its start.

use std::sync::Arc;

use common::process::Parts;

use crate::engine::{self, Engine};
use crate::metrics::WorkerMetrics;
use crate::running::{Running, StopReason};
use crate::worker::{RunLimits, Worker};
use crate::{cancel, presence, pull};

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
            let hard = listener.lifecycle.hard();
            tokio::select! {
                ended = cancel::listen(&listener.bus, &listener.running, &hard) => Ok(ended?),
                () = listener.drained() => Ok(()),
            }
        });
        let stopper = Arc::clone(&worker);
        lifecycle.spawn("give back", async move {
            let hard = stopper.lifecycle.hard();
            tokio::select! {
                () = hard.cancelled() => stopper.running.stop_all(StopReason::Stopping),
                () = stopper.drained() => {}
            }
            Ok(())
        });
        for engine in engines {
            let worker = Arc::clone(&worker);
            lifecycle.spawn("pull", async move { pull::pull(&worker, engine).await });
        }
    }
}
