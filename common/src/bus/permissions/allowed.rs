//! What each role does, under its own user. A missing permission shows as a call without an answer.

use std::collections::BTreeMap;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::{Arc, Bus, Duration, Guarded, Operation, SystemClock};
use crate::bus::{
    ConfigStore, DisableEndpoint, FixedConsumer, Follow, Forwarded, Presence, Pulled, Queue, Reply,
    ReplyKind, StoredEvent,
};
use crate::clock::Clock;
use crate::job::testing::echo_job;
use crate::job::{EventId, JobEnvelope, JobEvent, Lane, Run, RunId, Tenant};
use crate::webhook::{Delivery, DeliveryEvent, DeliveryTarget};

const PATIENCE: Duration = Duration::from_secs(3);

#[tokio::test]
async fn a_worker_pulls_jobs_and_calls_of_every_capability() {
    let guarded = Guarded::start().await;
    let (gateway, worker) = (guarded.bus("gateway").await, guarded.bus("worker").await);
    gateway.ensure_topology().await.unwrap();
    for capability in Operation::capabilities() {
        gateway.ensure_model_consumers(capability, "m").await.unwrap();
        let mut bell = worker.work_bell(capability).await.unwrap();
        worker.check().await.unwrap();
        let job = envelope(capability, Lane::Normal);
        let stored = submit(&gateway, &job).await;
        gateway.publish_job(&stored, PATIENCE).await.unwrap();
        let queue = Queue { model: "m".to_owned(), lane: Lane::Normal };
        assert_eq!(bell.ring().await.unwrap(), queue);
        let call = envelope(capability, Lane::Interactive);
        gateway.publish_call(&call, Duration::from_mins(1), PATIENCE).await.unwrap();

        let mut taken = 0;
        for Queue { model, lane } in worker.queues(capability, |_| true).await.unwrap() {
            let consumer = worker.lane_consumer(capability, &model, lane).await.unwrap();
            for message in consumer.take(1, true).await.unwrap() {
                message.pulled.progress().await.unwrap();
                message.pulled.ack().await.unwrap();
                taken += 1;
            }
        }
        assert_eq!(
            taken, 2,
            "nats/permissions/worker.conf does not let a worker pull {capability}"
        );
        settled(&gateway, capability).await;
    }
}

#[tokio::test]
async fn a_run_is_owned_reported_and_followed() {
    let guarded = Guarded::start().await;
    let (gateway, worker) = (guarded.bus("gateway").await, guarded.bus("worker").await);
    gateway.ensure_topology().await.unwrap();
    let job = envelope("diagnostic", Lane::Normal);
    let mut feed = gateway.follow(job.id).await.unwrap();
    let mut replies = gateway.subscribe_replies("g1").await.unwrap();
    let mut cancels = worker.subscribe_cancels().await.unwrap();
    worker.check().await.unwrap();
    let stored = submit(&gateway, &job).await;

    worker.put_presence(&presence("w1")).await.unwrap();
    assert!(worker.presence("w1").await.unwrap().is_some());
    assert_eq!(gateway.list_presence().await.unwrap().len(), 1);

    let last = worker.events().last(job.id).await.unwrap().unwrap();
    assert!(worker.events().get(stored.sequence).await.unwrap().is_some());
    assert!(worker.events().status(job.id, None).await.unwrap().is_some());
    let run = Run { id: RunId::new(&SystemClock), worker_id: "w1".to_owned() };
    let started = last.event.started(&run, &SystemClock).unwrap();
    let started = worker.events().swap(&started, last.sequence, PATIENCE).await.unwrap();
    worker.publish_progress(job.id, 0.5).await.unwrap();
    let reply = Reply { run_id: run.id, sequence: 0, kind: ReplyKind::Started, body: "".into() };
    worker.publish_reply("g1", job.id, &reply).await.unwrap();

    assert!(matches!(feed.next().await.unwrap(), Follow::Event(_)));
    assert!(matches!(feed.next().await.unwrap(), Follow::Event(_)));
    assert!(matches!(feed.next().await.unwrap(), Follow::Progress(_)));
    assert_eq!(replies.next().await.unwrap().0, job.id);
    gateway.publish_cancel(job.id).await.unwrap();
    assert_eq!(cancels.next().await.unwrap(), job.id);

    worker.publish_dead_job(&started.event, PATIENCE).await.unwrap();
    assert_eq!(gateway.dead_job(job.id).await.unwrap().unwrap().id, started.event.id);
    gateway.remove_dead_job(&job).await.unwrap();
    assert!(gateway.dead_job(job.id).await.unwrap().is_none());
    assert!(gateway.events().last(job.id).await.unwrap().is_some());
    worker.schedule_job(&started, PATIENCE).await.unwrap();
    worker.remove_presence("w1").await.unwrap();
    gateway.remove_job(&job).await.unwrap();
    gateway.remove_call(&job).await.unwrap();
    let tenant = job.tenant.clone();
    assert_eq!(gateway.count(&tenant, "jobs", "1", 2).await.unwrap(), 2);
    gateway.check().await.unwrap();
    gateway.queue_figures().await.unwrap();
    gateway.stream_fill().await.unwrap();
}

#[tokio::test]
async fn a_keeper_records_pumps_and_repairs() {
    let guarded = Guarded::start().await;
    let (gateway, keeper) = (guarded.bus("gateway").await, guarded.bus("keeper").await);
    keeper.ensure_topology().await.unwrap();
    keeper.ensure_model_consumers("diagnostic", "m").await.unwrap();
    let job = envelope("diagnostic", Lane::Normal);
    let stored = submit(&gateway, &job).await;
    gateway.count(&job.tenant, "jobs", "1", 1).await.unwrap();

    for which in [FixedConsumer::Record, FixedConsumer::Outbox] {
        one(&keeper, which).await.ack().await.unwrap();
    }
    assert!(keeper.find_job_message(&job).await.unwrap().is_none());
    keeper.schedule_job(&stored, PATIENCE).await.unwrap();
    let due = one(&keeper, FixedConsumer::PumpJobs).await;
    assert_eq!(keeper.forward_due_job(&due).await.unwrap(), Forwarded::Done);
    due.ack().await.unwrap();
    assert!(keeper.find_job_message(&job).await.unwrap().is_some());
    assert_eq!(keeper.queued_models("diagnostic", 10).await.unwrap().len(), 1);

    let run = Run { id: RunId::new(&SystemClock), worker_id: "w1".to_owned() };
    let next = stored.event.started(&run, &SystemClock).unwrap();
    keeper.events().swap(&next, stored.sequence, PATIENCE).await.unwrap();
    keeper.publish_dead_job(&next, PATIENCE).await.unwrap();
    assert!(keeper.dead_job(job.id).await.unwrap().is_some());
    keeper.publish_cancel(job.id).await.unwrap();
    keeper.remove_job(&job).await.unwrap();
    keeper.republish_job(&stored, PATIENCE).await.unwrap();
    assert_eq!(keeper.unclaimed_messages("diagnostic").await.unwrap(), 0);
    assert!(keeper.parked_messages("diagnostic", 10).await.unwrap().is_empty());
    keeper.renew_sentinel("diagnostic", 1).await.unwrap();
    keeper.remove_lane_consumer("diagnostic", "m", Lane::Bulk).await.unwrap();
    assert_eq!(keeper.purge_counter_windows(|_, _| true).await.unwrap(), 1);
    keeper.consumer_position(FixedConsumer::Record).await.unwrap();
    keeper.rewind_consumer(FixedConsumer::Record, 1).await.unwrap();
    keeper.list_presence().await.unwrap();
    keeper.check().await.unwrap();
}

#[tokio::test]
async fn a_delivery_goes_its_way() {
    let guarded = Guarded::start().await;
    let (gateway, keeper) = (guarded.bus("gateway").await, guarded.bus("keeper").await);
    let dispatcher = guarded.bus("dispatcher").await;
    keeper.ensure_topology().await.unwrap();
    let (now, tenant) = (SystemClock.now(), tenant());
    let target = DeliveryTarget::Url("https://example.com/hook".to_owned());
    let event = EventId::new(&SystemClock);
    let delivery =
        Delivery::new(event, "job.succeeded", tenant.clone(), None, target, "{}".to_owned(), now);
    keeper.publish_delivery(&delivery, PATIENCE).await.unwrap();

    one(&dispatcher, FixedConsumer::Deliver).await.ack().await.unwrap();
    let log = DeliveryEvent::pending(&delivery, now, now);
    assert!(keeper.create_delivery_event(&log, PATIENCE).await.unwrap());
    dispatcher.publish_delivery_event(&log, PATIENCE).await.unwrap();
    dispatcher.last_delivery_event(&tenant, delivery.id).await.unwrap().unwrap();
    one(&keeper, FixedConsumer::RecordDeliveries).await.ack().await.unwrap();
    dispatcher.schedule_delivery(&delivery.next_attempt(), now, PATIENCE).await.unwrap();
    let due = one(&keeper, FixedConsumer::PumpWebhooks).await;
    assert_eq!(keeper.forward_due_delivery(&due).await.unwrap(), Forwarded::Done);
    due.ack().await.unwrap();
    one(&dispatcher, FixedConsumer::Deliver).await.ack().await.unwrap();
    gateway.republish_delivery(&delivery, PATIENCE).await.unwrap();
    gateway.publish_delivery_event(&log, PATIENCE).await.unwrap();
    gateway.last_delivery_event(&tenant, delivery.id).await.unwrap().unwrap();
    dispatcher.check().await.unwrap();

    let mut requests = gateway.subscribe_disable_requests().await.unwrap();
    gateway.check().await.unwrap();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { requests.next().await.unwrap().answer(Ok(())).await });
    let gone =
        DisableEndpoint { tenant, endpoint_id: "ep_1".to_owned(), reason: "gone".to_owned() };
    dispatcher.request_disable_endpoint(&gone).await.unwrap();
    tasks.join_next().await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn a_setting_is_written_by_a_gateway_and_read_where_it_is_needed() {
    let guarded = Guarded::start().await;
    let gateway = guarded.bus("gateway").await;
    gateway.ensure_topology().await.unwrap();
    let (mut tasks, stop) = (JoinSet::new(), CancellationToken::new());
    let store = open(&gateway, &mut tasks, &stop).await;
    let revision = store.create("endpoints.acme.1", &1).await.unwrap();
    let revision = store.update("endpoints.acme.1", &2, revision).await.unwrap();
    for role in ["dispatcher", "keeper"] {
        let store = open(&guarded.bus(role).await, &mut tasks, &stop).await;
        assert_eq!(store.get::<u8>("endpoints.acme.1").unwrap().0, 2, "{role}");
        assert!(store.create("endpoints.acme.2", &1).await.is_err(), "{role}");
    }
    store.delete("endpoints.acme.1", revision).await.unwrap();
    stop.cancel();
    while tasks.join_next().await.is_some() {}
}

async fn open(bus: &Bus, tasks: &mut JoinSet<()>, stop: &CancellationToken) -> ConfigStore {
    let (store, task) = bus.open_config(stop.clone()).await.unwrap();
    tasks.spawn(task);
    store.ready(Duration::from_secs(5)).await.unwrap();
    store
}

async fn submit(gateway: &Bus, job: &Arc<JobEnvelope>) -> StoredEvent {
    let event = JobEvent::submitted(Arc::clone(job), &SystemClock);
    gateway.events().create(&event, PATIENCE).await.unwrap()
}

async fn one(bus: &Bus, which: FixedConsumer) -> Pulled {
    let consumer = bus.consumer(which).await.unwrap();
    let mut pulled = consumer.fetch(1, Duration::from_secs(5)).await.unwrap();
    pulled.pop().unwrap_or_else(|| panic!("nothing came from {which:?}"))
}

/// Acks are not answered: they took effect when nothing is left.
async fn settled(gateway: &Bus, capability: &str) {
    for _ in 0..500 {
        let figures = gateway.queue_figures().await.unwrap();
        let mut ours = figures.iter().filter(|queue| queue.capability == capability);
        if ours.all(|queue| queue.waiting == 0 && queue.in_flight == 0) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nats/permissions/worker.conf does not let a worker ack {capability}");
}

fn tenant() -> Tenant {
    "acme".parse().unwrap()
}

fn envelope(capability: &str, lane: Lane) -> Arc<JobEnvelope> {
    Arc::new(JobEnvelope {
        capability: capability.to_owned(),
        model: "m".to_owned(),
        lane,
        ..echo_job(&SystemClock)
    })
}

fn presence(worker: &str) -> Presence {
    let now = SystemClock.now();
    Presence {
        worker_id: worker.to_owned(),
        version: "1".to_owned(),
        started_at: now,
        seen_at: now,
        capabilities: BTreeMap::new(),
        slots: 1,
        running: Vec::new(),
        draining: false,
    }
}
