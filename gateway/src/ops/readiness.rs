//! Whether a gateway wants traffic.

use std::time::Duration;

use common::bus::{Bus, ConfigStore};
use common::lifecycle::Lifecycle;
use common::objects::Objects;
use common::records::Records;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use utoipa::ToSchema;

/// A finding is used this long, so that probes from many places cost one round of checks.
const KEEP: Duration = Duration::from_millis(500);
/// How long a part may take to give a sign of life.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// Checks the parts that a gateway needs.
pub(crate) struct Readiness {
    bus: Bus,
    objects: Objects,
    store: ConfigStore,
    records: Records,
    lifecycle: Lifecycle,
    last: Mutex<Option<(Instant, ReadinessReport)>>,
}

/// What was found.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReadinessReport {
    /// Whether requests are welcome.
    pub ready: bool,
    /// The parts. Only `records` may be away while the gateway is ready: jobs do not need it.
    pub parts: Vec<ReadinessPart>,
}

/// One part.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct ReadinessPart {
    /// Which one: `process`, `nats`, `streams`, `configuration`, `objects` or `records`.
    pub name: &'static str,
    /// Whether it works.
    pub ok: bool,
    /// What is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<&'static str>,
}

impl Readiness {
    /// Checks these parts.
    pub(crate) fn new(
        bus: Bus,
        objects: Objects,
        store: ConfigStore,
        records: Records,
        lifecycle: Lifecycle,
    ) -> Self {
        Self { bus, objects, store, records, lifecycle, last: Mutex::new(None) }
    }

    /// The state of all parts, at most half a second old. Takes two seconds at most.
    pub(crate) async fn report(&self) -> ReadinessReport {
        // One check at a time: who comes meanwhile waits for it and takes its finding.
        let mut last = self.last.lock().await;
        let stopping = self.lifecycle.soft().is_cancelled();
        match &*last {
            Some((at, report)) if at.elapsed() < KEEP && !stopping => report.clone(),
            _ => {
                let report = self.check(stopping).await;
                *last = Some((Instant::now(), report.clone()));
                report
            }
        }
    }

    async fn check(&self, stopping: bool) -> ReadinessReport {
        let (nats, streams, objects, records) = tokio::join!(
            alive("nats", self.bus.check()),
            // The presence lies in memory, so it is the first stream to be missed after a restart of the broker.
            alive("streams", async { self.bus.presence("nobody").await.map(drop) }),
            alive("objects", self.objects.check()),
            alive("records", self.records.check()),
        );
        let connected = self.bus.connection().borrow().connected;
        let parts = vec![
            part("process", !stopping, "it is stopping"),
            part("nats", nats && connected, "NATS does not answer"),
            part("streams", streams, "not all streams are there yet"),
            part("configuration", self.store.fresh(), "the live configuration is stale"),
            part("objects", objects, "the object store does not answer"),
            part("records", records, "the SQL records do not answer; lists are not available"),
        ];
        let ready = parts.iter().all(|part| part.ok || part.name == "records");
        ReadinessReport { ready, parts }
    }
}

fn part(name: &'static str, ok: bool, problem: &'static str) -> ReadinessPart {
    ReadinessPart { name, ok, problem: (!ok).then_some(problem) }
}

/// Whether a check succeeds in time. Why not is for the log: the probe is open to everybody.
async fn alive<E: std::fmt::Display>(
    name: &'static str,
    check: impl Future<Output = Result<(), E>>,
) -> bool {
    let problem = match tokio::time::timeout(PATIENCE, check).await {
        Ok(Ok(())) => return true,
        Ok(Err(error)) => error.to_string(),
        Err(_) => "no answer in time".to_owned(),
    };
    tracing::warn!(part = name, problem, "a part does not work");
    false
}
