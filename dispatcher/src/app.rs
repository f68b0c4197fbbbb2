//! The dispatcher as a role: built from the configuration, spawned on the life cycle.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use common::bus::{Bus, ConfigStore};
use common::egress::EgressPolicy;
use common::process::Parts;
use common::retry::{Backoff, RetryPolicy};
use tokio_util::sync::CancellationToken;

use crate::deliver::Deliverer;
use crate::guard::Guard;
use crate::lane::{LaneLimits, Lanes};
use crate::metrics::DispatcherMetrics;
use crate::pull;
use crate::schedule::Schedule;
use crate::target::Targets;
use crate::work::Work;

/// Deliveries that wait in memory for their lanes, in bytes.
const WAITING_BYTES: usize = 16 * 1024 * 1024;
/// How long the first pull waits for the live configuration.
const CONFIG_PATIENCE: Duration = Duration::from_secs(5);

/// The dispatcher: delivers webhooks until it is stopped. Any number may run side by side.
pub struct App {
    parts: Parts,
    guard: Guard,
    lanes: Arc<Lanes>,
    schedule: Schedule,
    metrics: DispatcherMetrics,
}

impl App {
    /// Builds the parts; sends nothing yet.
    pub fn build(parts: &Parts) -> anyhow::Result<Self> {
        let config = &parts.config.dispatcher;
        let policy = EgressPolicy::new(&parts.config.egress);
        let guard = Guard::new(policy, config.connect_timeout)
            .context("the HTTP client for webhooks can not be built")?;
        let limits = LaneLimits {
            concurrency: config.concurrency,
            per_destination: config.per_destination,
            waiting_bytes: WAITING_BYTES,
        };
        let lanes = Arc::new(Lanes::new(limits, Arc::clone(&parts.clock)));
        let metrics = DispatcherMetrics::register(&parts.metrics, &lanes);
        let schedule = Schedule::new(config.schedule.clone(), config.jitter);
        Ok(Self { parts: parts.clone(), guard, lanes, schedule, metrics })
    }

    /// Starts delivering. At the soft stop it takes nothing more and finishes what is under way; at the hard stop it
    /// gives the rest back.
    pub fn spawn(self) {
        let lifecycle = self.parts.lifecycle.clone();
        let (soft, hard) = (lifecycle.soft(), lifecycle.hard());
        lifecycle.spawn("dispatcher", async move {
            // The configuration is watched for as long as deliveries are under way, and no longer.
            let done = CancellationToken::new();
            let bus = self.parts.bus.clone();
            let Some((config, watch)) = Box::pin(open_config(&bus, &done, &soft)).await else {
                return Ok(());
            };
            let work = Arc::new(self.work(config.clone(), soft.clone(), hard));
            let deliver = async move {
                let _guard = done.drop_guard();
                tokio::select! {
                    () = soft.cancelled() => {}
                    // Without it deliveries to endpoints are put off, one by one.
                    _ = config.ready(CONFIG_PATIENCE) => {}
                }
                pull::run(work).await;
            };
            tokio::join!(watch, deliver);
            Ok(())
        });
    }

    fn work(self, config: ConfigStore, soft: CancellationToken, hard: CancellationToken) -> Work {
        let Parts { config: settings, bus, clock, keyring, .. } = self.parts;
        let settings = &settings.dispatcher;
        let deliverer = Deliverer::new(
            self.guard.clone(),
            Arc::clone(&clock),
            settings.total_timeout,
            settings.response_log_bytes,
        );
        Work {
            bus,
            targets: Targets::new(config, keyring, Arc::clone(&clock)),
            clock,
            guard: self.guard,
            deliverer,
            lanes: self.lanes,
            schedule: self.schedule,
            metrics: self.metrics,
            soft,
            hard,
        }
    }
}

/// Opens the live configuration, however long that takes; a gateway or keeper makes it. `None` on a stop.
async fn open_config(
    bus: &Bus,
    done: &CancellationToken,
    soft: &CancellationToken,
) -> Option<(ConfigStore, impl Future<Output = ()> + Send + 'static)> {
    let mut backoff = Backoff::new(RetryPolicy::default());
    loop {
        let opened = tokio::select! {
            () = soft.cancelled() => return None,
            opened = bus.open_config(done.clone()) => opened,
        };
        match opened {
            Ok(opened) => return Some(opened),
            Err(error) => tracing::warn!(%error, "the configuration can not be read; trying again"),
        }
        tokio::select! {
            () = soft.cancelled() => return None,
            () = tokio::time::sleep(backoff.next()) => {}
        }
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").field("lanes", &self.lanes).finish_non_exhaustive()
    }
}
