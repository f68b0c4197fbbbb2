//! A whole worker on a real nats-server.

use std::sync::Arc;
use std::time::Duration;

use common::bus::testing::NatsServer;
use common::bus::{Bus, Place, StoredEvent};
use common::clock::SystemClock;
use common::config::{Config, LoadOptions};
use common::job::{JobEvent, JobId, JobState};
use common::lifecycle::{ExitStatus, HARD_GRACE, Lifecycle};
use common::objects::Objects;
use common::process::Parts;
use common::signing::Keyring;
use common::telemetry::Metrics;

use crate::App;
use crate::engine::testing::context;

const PATIENCE: Duration = Duration::from_secs(5);
const SETTINGS: [(&str, &str); 4] = [
    ("worker.id", "w1"),
    ("worker.ffmpeg.enabled", "false"),
    ("worker.diagnostic.enabled", "true"),
    ("jobs.ack_wait", "2s"),
];

/// A worker that pulls.
async fn start(server: &NatsServer) -> Lifecycle {
    let overrides = SETTINGS.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec();
    let config = Config::load(&LoadOptions { overrides, ..LoadOptions::default() }).unwrap();
    let lifecycle = Lifecycle::new();
    let parts = Parts {
        config: Arc::new(config),
        bus: Bus::connect(server.options("worker"), Arc::new(SystemClock)).await.unwrap(),
        objects: Objects::in_memory(),
        clock: Arc::new(SystemClock),
        keyring: Arc::new(Keyring::new(&Keyring::generate_master_key(), &[]).unwrap()),
        metrics: Metrics::new(),
        lifecycle: lifecycle.clone(),
    };
    App::build(&parts).await.unwrap().spawn();
    lifecycle
}

/// What a gateway does.
async fn submit(bus: &Bus, input: &str) -> StoredEvent {
    let job = context("diagnostic.sleep", "diagnostic", input, false).job;
    let event = JobEvent::submitted(job, &SystemClock);
    let stored = bus.events().create(&event, PATIENCE).await.unwrap();
    bus.ensure_model_consumers("diagnostic", "diagnostic").await.unwrap();
    bus.publish_job(&stored, PATIENCE).await.unwrap();
    stored
}

async fn reaches(bus: &Bus, job: JobId, state: JobState) -> JobEvent {
    for _ in 0..1_000 {
        let last = bus.events().last(job).await.unwrap().unwrap().event;
        if last.state == state {
            return last;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the job did not become {state}");
}

#[tokio::test]
async fn a_hard_stop_gives_the_job_back_and_leaves_no_presence() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let lifecycle = start(&server).await;
    let job = submit(&bus, r#"{"ms": 60000}"#).await.event.job.clone();
    reaches(&bus, job.id, JobState::Running).await;
    assert_eq!(lifecycle.shutdown(Duration::ZERO).await, ExitStatus::Success);

    let last = bus.events().last(job.id).await.unwrap().unwrap().event;
    assert_eq!((last.state, last.attempt, last.version), (JobState::Queued, 1, 3));
    let found = bus.find_job_message(&job).await.unwrap().unwrap();
    assert_ne!(found.place, Place::Jobs, "the old message was not acked");
    assert_eq!(found.event_version, Some(3));
    assert!(bus.presence("w1").await.unwrap().is_none());
}

#[tokio::test]
async fn a_soft_stop_takes_no_more_and_finishes_what_runs() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let lifecycle = start(&server).await;
    let first = submit(&bus, r#"{"ms": 500}"#).await.event.job.id;
    reaches(&bus, first, JobState::Running).await;
    lifecycle.request_stop("a test");
    let second = submit(&bus, r#"{"ms": 1}"#).await.event.job.id;
    assert_eq!(lifecycle.shutdown(PATIENCE).await, ExitStatus::Success);
    assert_eq!(reaches(&bus, first, JobState::Succeeded).await.attempt, 1);
    assert_eq!(reaches(&bus, second, JobState::Queued).await.version, 1);
}

/// Nothing can be reported, and that must not keep the process.
#[tokio::test]
async fn a_worker_stops_while_the_broker_is_away() {
    let mut server = NatsServer::start().await;
    let bus = server.bus().await;
    let lifecycle = start(&server).await;
    let job = submit(&bus, r#"{"ms": 60000}"#).await.event.job.id;
    reaches(&bus, job, JobState::Running).await;
    server.kill();
    let begun = tokio::time::Instant::now();
    assert_eq!(lifecycle.shutdown(Duration::ZERO).await, ExitStatus::Success);
    assert!(begun.elapsed() < HARD_GRACE, "{:?}", begun.elapsed());
}
