//! The bus on a real nats-server.

#![expect(clippy::disallowed_methods, reason = "tests hold their own tasks")]

mod pulls;
mod removal;
mod replicas;
mod sentinels;
mod upkeep;

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::testing::NatsServer;
use super::*;
use crate::clock::{Clock as _, SystemClock};
use crate::job::testing::echo_job;
use crate::job::{JobEnvelope, JobEvent, JobId, JobState, Lane, Outcome, Run, RunId, Tenant};

const PATIENCE: Duration = Duration::from_secs(3);

fn tenant() -> Tenant {
    "acme".parse().unwrap()
}

fn envelope(lane: Lane) -> Arc<JobEnvelope> {
    Arc::new(JobEnvelope { lane, ..echo_job(&SystemClock) })
}

fn run() -> Run {
    Run { id: RunId::new(&SystemClock), worker_id: "w".into() }
}

async fn submit(bus: &Bus, job: Arc<JobEnvelope>) -> StoredEvent {
    let event = JobEvent::submitted(job, &SystemClock);
    let stored = bus.events().create(&event, PATIENCE).await.unwrap();
    bus.ensure_model_consumers("diagnostic", "diagnostic").await.unwrap();
    bus.publish_job(&stored, PATIENCE).await.unwrap();
    stored
}

async fn take_one(bus: &Bus, lane: Lane) -> WorkMessage {
    let consumer = bus.lane_consumer("diagnostic", "diagnostic", lane).await.unwrap();
    for _ in 0..500 {
        if let Some(message) = consumer.take(1, true).await.unwrap().pop() {
            return message;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("no message came");
}

#[tokio::test]
async fn the_first_writer_wins_and_the_end_is_alone_on_its_subject() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let queued = submit(&bus, envelope(Lane::Normal)).await;
    let started = queued.event.started(&run(), &SystemClock).unwrap();
    let started = bus.events().swap(&started, queued.sequence, PATIENCE).await.unwrap();

    let rival = queued.event.started(&run(), &SystemClock).unwrap();
    let lost = bus.events().swap(&rival, queued.sequence, PATIENCE).await.unwrap_err();
    let WriteError::Conflict(Some(last)) = lost else { panic!("{lost:?}") };
    assert_eq!(last.event.id, started.event.id);

    // Repeating a swap whose ack was lost finds its own event.
    let again = bus.events().swap(&started.event, queued.sequence, PATIENCE).await.unwrap();
    assert_eq!(again.sequence, started.sequence);

    let retention = bus.events().retention();
    let end = started.event.finished(Outcome::Canceled, None, retention, &SystemClock).unwrap();
    bus.events().swap(&end, started.sequence, PATIENCE).await.unwrap();
    let last = bus.events().last(queued.event.job.id).await.unwrap().unwrap();
    assert_eq!(last.event.state, JobState::Canceled);
    assert!(bus.events().get(started.sequence).await.unwrap().is_none());
}

#[tokio::test]
async fn a_job_is_taken_once_and_a_second_copy_is_refused() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let stored = submit(&bus, envelope(Lane::Bulk)).await;
    bus.publish_job(&stored, PATIENCE).await.unwrap();
    bus.republish_job(&stored, PATIENCE).await.unwrap();
    let message = take_one(&bus, Lane::Bulk).await;
    let Work::Job(carried) = &message.work else { panic!("{:?}", message.work) };
    assert_eq!(carried.sequence, stored.sequence);
    assert_eq!(carried.event.job.input.as_ref().unwrap().get(), r#"{"text":"hello"}"#);
    message.pulled.ack().await.unwrap();
    let consumer = bus.lane_consumer("diagnostic", "diagnostic", Lane::Bulk).await.unwrap();
    assert!(consumer.take(1, true).await.unwrap().is_empty());
    assert!(bus.find_job_message(&stored.event.job).await.unwrap().is_none());
}

#[tokio::test]
async fn a_delay_is_moved_when_it_is_due_but_never_over_an_older_copy() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let queued = submit(&bus, envelope(Lane::Normal)).await;
    let older = take_one(&bus, Lane::Normal).await;
    let later = queued.event.given_back(SystemClock.now(), &SystemClock).unwrap();
    let later = bus.events().swap(&later, queued.sequence, PATIENCE).await.unwrap();
    bus.schedule_job(&later, PATIENCE).await.unwrap();

    let pump = bus.consumer(FixedConsumer::PumpJobs).await.unwrap();
    let due = pump.fetch(1, Duration::from_secs(5)).await.unwrap().pop().unwrap();
    // The older message is not acked yet: its successor waits.
    let early = bus.forward_due_job(&due).await.unwrap();
    assert!(matches!(early, Forwarded::Later(_)), "{early:?}");
    older.pulled.ack().await.unwrap();
    while bus.find_job_message(&later.event.job).await.unwrap().map(|f| f.place)
        == Some(Place::Jobs)
    {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(bus.forward_due_job(&due).await.unwrap(), Forwarded::Done);
    due.ack().await.unwrap();
    let newer = take_one(&bus, Lane::Normal).await;
    let Work::Job(carried) = newer.work else { panic!() };
    assert_eq!(carried.event.version, later.event.version);
    // The pump may repeat itself after a crash.
    assert_eq!(bus.forward_due_job(&due).await.unwrap(), Forwarded::Done);
}

#[tokio::test]
async fn a_restart_loses_no_event_and_brings_the_topology_back() {
    let mut server = NatsServer::start().await;
    let bus = server.bus().await;
    let stored = submit(&bus, envelope(Lane::Normal)).await;
    let stop = tokio_util::sync::CancellationToken::new();
    let keeper = {
        let (bus, stop) = (bus.clone(), stop.clone());
        tokio::task::spawn(async move { bus.keep_topology(&stop).await })
    };
    server.kill();
    assert!(bus.check().await.is_err());
    server.resume().await;
    let job = envelope(Lane::Interactive);
    let mut published = false;
    for _ in 0..100 {
        if bus.publish_call(&job, Duration::from_secs(30), Duration::from_secs(1)).await.is_ok() {
            published = true;
            break;
        }
    }
    assert!(published, "the memory stream of calls was not made again");
    let last = bus.events().last(stored.event.job.id).await.unwrap().unwrap();
    assert_eq!(last.event.id, stored.event.id);
    assert_eq!(bus.connection().borrow().reconnects, 1);
    stop.cancel();
    keeper.await.unwrap();
}

#[tokio::test]
async fn followers_hear_what_is_stored_and_not_what_lost() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let queued = submit(&bus, envelope(Lane::Normal)).await;
    let job = queued.event.job.id;
    let mut feed = bus.follow(job).await.unwrap();
    let winner = queued.event.started(&run(), &SystemClock).unwrap();
    bus.events().swap(&winner, queued.sequence, PATIENCE).await.unwrap();
    let loser = queued.event.started(&run(), &SystemClock).unwrap();
    bus.events().swap(&loser, queued.sequence, PATIENCE).await.unwrap_err();
    bus.publish_progress(job, 0.5).await.unwrap();
    let Some(Follow::Event(first)) = feed.next().await else { panic!() };
    assert_eq!(first.id, winner.id);
    let Some(Follow::Progress(half)) = feed.next().await else { panic!() };
    assert!((half - 0.5).abs() < 1e-9);
}

#[tokio::test]
async fn configuration_is_shared_swapped_and_proven_fresh() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let stop = tokio_util::sync::CancellationToken::new();
    let (one, first) = bus.open_config(stop.clone()).await.unwrap();
    let (two, second) = bus.open_config(stop.clone()).await.unwrap();
    let tasks = [tokio::task::spawn(first), tokio::task::spawn(second)];
    one.ready(PATIENCE).await.unwrap();
    two.ready(PATIENCE).await.unwrap();
    let revision = one.create("keys.a", &json!({"n": 1})).await.unwrap();
    assert!(matches!(one.create("keys.a", &json!({})).await, Err(ConfigWriteError::Conflict)));
    assert_eq!(one.get::<serde_json::Value>("keys.a").unwrap(), (json!({"n": 1}), revision));
    while two.get::<serde_json::Value>("keys.a").is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let next = two.update("keys.a", &json!({"n": 2}), revision).await.unwrap();
    let stale = one.update("keys.a", &json!({"n": 3}), revision).await;
    assert!(matches!(stale, Err(ConfigWriteError::Conflict)));
    assert!(matches!(one.delete("keys.a", revision).await, Err(ConfigWriteError::Conflict)));
    one.delete("keys.a", next).await.unwrap();
    assert!(one.list::<serde_json::Value>("keys.").is_empty());
    assert!(one.create("keys.a", &json!({"n": 4})).await.is_ok());
    stop.cancel();
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn counters_are_exact_and_ended_windows_go() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let adds = (0..50).map(|_| {
        let bus = bus.clone();
        async move { bus.count(&tenant(), "delays", "w1", 1).await.unwrap() }
    });
    let totals = futures::future::join_all(adds).await;
    assert_eq!(totals.into_iter().max(), Some(50));
    assert_eq!(bus.count(&tenant(), "delays", "w1", -10).await.unwrap(), 40);
    bus.count(&tenant(), "delays", "w2", 1).await.unwrap();
    assert_eq!(bus.purge_counter_windows(|_, window| window == "w1").await.unwrap(), 1);
    assert_eq!(bus.count(&tenant(), "delays", "w1", 1).await.unwrap(), 1);
}

#[tokio::test]
async fn a_worker_is_present_until_it_leaves() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    assert!(bus.list_presence().await.unwrap().is_empty());
    let presence = Presence {
        worker_id: "w1".into(),
        version: "0".into(),
        started_at: SystemClock.now(),
        seen_at: SystemClock.now(),
        capabilities: std::collections::BTreeMap::new(),
        slots: 1,
        running: vec![JobId::new(&SystemClock)],
        draining: false,
    };
    bus.put_presence(&presence).await.unwrap();
    assert_eq!(bus.list_presence().await.unwrap()[0].worker_id, "w1");
    assert_eq!(bus.presence("w1").await.unwrap().unwrap().running, presence.running);
    bus.remove_presence("w1").await.unwrap();
    assert!(bus.presence("w1").await.unwrap().is_none());
    assert!(bus.list_presence().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_missing_broker_is_told_in_one_line() {
    let options = BusOptions {
        url: format!("nats://127.0.0.1:{}", testing::free_port()),
        connect_timeout: Duration::from_millis(300),
        ..NatsServer::start().await.options("test")
    };
    let error = Bus::connect(options, Arc::new(SystemClock)).await.unwrap_err().to_string();
    assert!(error.contains("is nats-server running there?"), "{error}");
}
