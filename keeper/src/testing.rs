//! What the duties are tested on: a real nats-server, records in real SQLite, objects in memory.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use common::bus::testing::NatsServer;
use common::bus::{Bus, FixedConsumer, Presence, StoredEvent, Work, WorkMessage};
use common::clock::{Clock as _, SharedClock, SystemClock, Timestamp};
use common::config::{Config, LoadOptions};
use common::job::testing::{echo_job, success};
use common::job::{JobEnvelope, JobEvent, JobId, JobState, Lane, Run, RunId, Tenant};
use common::lifecycle::Lifecycle;
use common::objects::Objects;
use common::records::Records;
use common::signing::{FileLinks, Keyring};
use common::telemetry::Metrics;

use crate::context::Context;
use crate::duty::Duty;
use crate::metrics::KeeperMetrics;

pub(crate) const PATIENCE: Duration = Duration::from_secs(3);
const CAPABILITY: &str = "diagnostic";

/// A keeper's surroundings. Everything ends with them.
pub(crate) struct Surroundings {
    pub(crate) nats: NatsServer,
    pub(crate) context: Context,
    pub(crate) folder: tempfile::TempDir,
    lifecycle: Lifecycle,
}

impl Surroundings {
    pub(crate) async fn new() -> Self {
        Self::at(Arc::new(SystemClock)).await
    }

    /// With this time for the keeper.
    pub(crate) async fn at(clock: SharedClock) -> Self {
        Self::on(NatsServer::start().await, clock).await
    }

    /// On a broker that was prepared.
    pub(crate) async fn on(nats: NatsServer, clock: SharedClock) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/records.db", folder.path().display());
        let records = Records::open(&url).unwrap();
        records.migrate().await.unwrap();
        let bus = nats.bus().await;
        let lifecycle = Lifecycle::new();
        let context = context(bus, records, clock, &lifecycle).await;
        Self { nats, context, folder, lifecycle }
    }

    pub(crate) fn bus(&self) -> &Bus {
        &self.context.bus
    }

    /// What a gateway does: the event, then the message.
    pub(crate) async fn submit(&self, change: impl Fn(&mut JobEnvelope)) -> StoredEvent {
        let stored = self.write_event(change).await;
        self.bus().ensure_model_consumers(CAPABILITY, CAPABILITY).await.unwrap();
        if stored.event.state == JobState::Scheduled {
            self.bus().schedule_job(&stored, PATIENCE).await.unwrap();
        } else {
            self.bus().publish_job(&stored, PATIENCE).await.unwrap();
        }
        stored
    }

    /// What a gateway does that dies after the event.
    pub(crate) async fn write_event(&self, change: impl Fn(&mut JobEnvelope)) -> StoredEvent {
        let event = JobEvent::submitted(Arc::new(envelope(change)), &SystemClock);
        self.bus().events().create(&event, PATIENCE).await.unwrap()
    }

    pub(crate) async fn swap(&self, event: &JobEvent, after: &StoredEvent) -> StoredEvent {
        self.bus().events().swap(event, after.sequence, PATIENCE).await.unwrap()
    }

    /// What a worker does: takes over the job.
    pub(crate) async fn start_run(&self, stored: &StoredEvent) -> StoredEvent {
        let run = Run { id: RunId::new(&SystemClock), worker_id: "w1".to_owned() };
        let event = stored.event.started(&run, &SystemClock).unwrap();
        self.swap(&event, stored).await
    }

    /// What a worker does: ends the job with a result.
    pub(crate) async fn succeed(&self, stored: &StoredEvent) -> StoredEvent {
        self.swap(&succeeded(&stored.event, &SystemClock), stored).await
    }

    /// The job's message, as a worker pulls it; waits for it for a while.
    pub(crate) async fn take(&self, lane: Lane) -> Option<WorkMessage> {
        let consumer = self.bus().lane_consumer(CAPABILITY, CAPABILITY, lane).await.unwrap();
        for _ in 0..20 {
            if let Some(message) = consumer.take(1, true).await.unwrap().pop() {
                return Some(message);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        None
    }

    pub(crate) async fn last(&self, job: JobId) -> JobEvent {
        self.bus().events().last(job).await.unwrap().unwrap().event
    }

    /// Whether a fixed consumer has nothing to do any more.
    pub(crate) async fn is_drained(&self, consumer: FixedConsumer) -> bool {
        let position = self.bus().consumer_position(consumer).await.unwrap();
        position.pending == 0 && position.ack_pending == 0
    }
}

impl Drop for Surroundings {
    fn drop(&mut self) {
        self.lifecycle.hard().cancel();
    }
}

/// Sequence and version of the event that a job's message repeats.
pub(crate) fn follows(message: &WorkMessage) -> (u64, u64) {
    match &message.work {
        Work::Job(stored) => (stored.sequence, stored.event.version),
        other => panic!("{other:?}"),
    }
}

/// A keeper's context on these parts, with short intervals.
pub(crate) async fn context(
    bus: Bus,
    records: Records,
    clock: SharedClock,
    lifecycle: &Lifecycle,
) -> Context {
    let (live, watch) = bus.open_config(lifecycle.soft()).await.unwrap();
    lifecycle.spawn("configuration", async move {
        watch.await;
        Ok(())
    });
    live.ready(PATIENCE).await.unwrap();
    let keyring = Keyring::new(&Keyring::generate_master_key(), &[]).unwrap();
    Context {
        config: Arc::new(config(&[])),
        bus,
        live,
        objects: Objects::in_memory(),
        records,
        clock,
        links: FileLinks::new(Arc::new(keyring), "https://mr.example", Duration::from_hours(1)),
        metrics: KeeperMetrics::register(&Metrics::new()),
    }
}

pub(crate) fn config(more: &[(&str, &str)]) -> Config {
    let defaults = [("keeper.repair_grace", "200ms"), ("keeper.record_interval", "10ms")];
    let overrides = defaults.iter().chain(more);
    let overrides =
        overrides.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Config::load(&LoadOptions { overrides, ..LoadOptions::default() }).unwrap()
}

pub(crate) fn tenant() -> Tenant {
    "acme".parse().unwrap()
}

pub(crate) fn envelope(change: impl Fn(&mut JobEnvelope)) -> JobEnvelope {
    let mut job = echo_job(&SystemClock);
    change(&mut job);
    job
}

pub(crate) fn succeeded(event: &JobEvent, clock: &dyn common::clock::Clock) -> JobEvent {
    event.finished(success("\"done\""), None, Duration::from_hours(24), clock).unwrap()
}

/// The beat of the worker that [`Surroundings::start_run`] speaks for.
pub(crate) fn presence(running: Vec<JobId>) -> Presence {
    Presence {
        worker_id: "w1".to_owned(),
        version: String::new(),
        started_at: SystemClock.now(),
        seen_at: SystemClock.now(),
        capabilities: BTreeMap::new(),
        slots: 1,
        running,
        draining: false,
    }
}

pub(crate) fn in_the_past(seconds: u64) -> Timestamp {
    SystemClock.now().minus(Duration::from_secs(seconds))
}

/// Performs a duty piece by piece until `done`; trouble on the way counts as a piece.
pub(crate) async fn perform_until(duty: &mut impl Duty, done: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !done().await {
        assert!(tokio::time::Instant::now() < deadline, "{} did not get there", duty.name());
        if let Err(error) = duty.tick().await {
            println!("{}: {error}", duty.name());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
