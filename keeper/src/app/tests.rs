use std::sync::Arc;
use std::time::Duration;

use common::bus::FixedConsumer;
use common::bus::testing::NatsServer;
use common::clock::{Clock as _, SystemClock};
use common::job::{JobEvent, Lane};
use common::lifecycle::{HARD_GRACE, Lifecycle};
use common::objects::Objects;
use common::process::Parts;
use common::records::Records;
use common::signing::Keyring;
use common::telemetry::Metrics;

use super::App;
use crate::testing::{self, PATIENCE};

async fn parts(nats: &NatsServer, records: &str) -> Parts {
    let keyring = Keyring::new(&Keyring::generate_master_key(), &[]).unwrap();
    Parts {
        config: Arc::new(testing::config(&[("records.url", records)])),
        bus: nats.bus().await,
        objects: Objects::in_memory(),
        clock: Arc::new(SystemClock),
        keyring: Arc::new(keyring),
        metrics: Metrics::new(),
        lifecycle: Lifecycle::new(),
    }
}

/// An ended job with a webhook, and another one that is due in a moment.
async fn work(parts: &Parts) -> JobEvent {
    let job = testing::envelope(|job| job.webhook = Some("https://example.com".to_owned()));
    let event = JobEvent::submitted(Arc::new(job), &SystemClock);
    let stored = parts.bus.events().create(&event, PATIENCE).await.unwrap();
    let event = testing::succeeded(&event, &SystemClock);
    parts.bus.events().swap(&event, stored.sequence, PATIENCE).await.unwrap();

    let soon = SystemClock.now().plus(Duration::from_millis(200));
    let later = testing::envelope(|job| job.run_at = Some(soon));
    let later = JobEvent::submitted(Arc::new(later), &SystemClock);
    let stored = parts.bus.events().create(&later, PATIENCE).await.unwrap();
    parts.bus.ensure_model_consumers("diagnostic", "diagnostic").await.unwrap();
    parts.bus.schedule_job(&stored, PATIENCE).await.unwrap();
    event
}

/// Waits for what needs no SQL: the delivery is made and the delay is pumped.
async fn handed_on(parts: &Parts) {
    let deliver = parts.bus.consumer(FixedConsumer::Deliver).await.unwrap();
    assert_eq!(deliver.fetch(1, Duration::from_secs(5)).await.unwrap().len(), 1);
    let jobs = parts.bus.lane_consumer("diagnostic", "diagnostic", Lane::Normal).await.unwrap();
    until(async || !jobs.take(1, true).await.unwrap().is_empty()).await;
}

async fn until(done: impl AsyncFn() -> bool) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !done().await {
        assert!(tokio::time::Instant::now() < deadline, "it did not happen");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn all_duties_run_and_stop() {
    let nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/new/records.db", folder.path().display());
    let parts = parts(&nats, &url).await;
    App::build(&parts).await.unwrap().spawn();
    let ended = work(&parts).await;
    handed_on(&parts).await;
    let records = Records::open_read(&url).unwrap();
    let tenant = testing::tenant();
    until(async || matches!(records.job(&tenant, ended.job.id).await, Ok(Some(_)))).await;
    let metrics = parts.metrics.encode();
    assert!(metrics.contains("millrace_keeper_recorded_total"), "{metrics}");

    let started = tokio::time::Instant::now();
    parts.lifecycle.request_stop("the test is over");
    assert!(parts.lifecycle.run(Duration::from_secs(10)).await.is_success());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

/// Invariant 6: SQL is never on the hot path.
#[tokio::test]
async fn without_sql_delays_and_webhooks_go_on() {
    let nats = NatsServer::start().await;
    let parts = parts(&nats, "postgres://127.0.0.1:1/away?sslmode=disable").await;
    App::build(&parts).await.unwrap().spawn();
    work(&parts).await;
    handed_on(&parts).await;
    parts.lifecycle.hard().cancel();
}

/// The broker is killed and comes back: every duty goes on by itself.
#[tokio::test]
async fn a_broker_that_comes_back_is_used_again() {
    let mut nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/records.db", folder.path().display());
    let parts = parts(&nats, &url).await;
    App::build(&parts).await.unwrap().spawn();
    nats.kill();
    tokio::time::sleep(Duration::from_millis(300)).await;
    nats.resume().await;
    until(async || parts.bus.check().await.is_ok()).await;
    let ended = work(&parts).await;
    handed_on(&parts).await;
    let records = Records::open_read(&url).unwrap();
    let tenant = testing::tenant();
    until(async || matches!(records.job(&tenant, ended.job.id).await, Ok(Some(_)))).await;
    parts.lifecycle.hard().cancel();
}

/// Nothing can be moved or told, and that must not keep the process.
#[tokio::test]
async fn a_keeper_stops_while_the_broker_is_away() {
    let mut nats = NatsServer::start().await;
    let folder = tempfile::tempdir().unwrap();
    let parts = parts(&nats, &format!("sqlite://{}/records.db", folder.path().display())).await;
    App::build(&parts).await.unwrap().spawn();
    work(&parts).await;
    nats.kill();
    let begun = tokio::time::Instant::now();
    let status = parts.lifecycle.shutdown(Duration::ZERO).await;
    assert!(status.is_success(), "{status:?}");
    assert!(begun.elapsed() < HARD_GRACE, "{:?}", begun.elapsed());
}
