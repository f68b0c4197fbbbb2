//! A server is parted from the others, or lags behind them.

use std::sync::Arc;
use std::time::Duration;

use common::bus::testing::NatsServer;
use common::bus::{Bus, BusOptions};
use common::clock::SystemClock;
use common::job::{JobEvent, Run, RunId, testing::echo_job};
use futures::TryStreamExt as _;
use serde_json::json;

use super::caller::Caller;
use super::cluster::{Cluster, NODES};
use super::fleet::GATEWAYS;
use super::store::mount_apart;
use super::world::World;
use crate::wait::within;

/// The servers choose leaders, and who is at the wrong server goes to another.
const PATIENCE: Duration = Duration::from_secs(50);

/// Waits until a gateway takes a job.
async fn serves(caller: &Caller) {
    let job = json!({"operation": "diagnostic.echo", "input": {"n": 1}});
    while caller.post("/v1/jobs", &job, None).await.accepted().is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// Whichever server it is, every gateway serves while it is parted.
#[tokio::test]
async fn who_is_at_a_parted_server_goes_to_another() {
    mount_apart();
    let folder = tempfile::tempdir().unwrap();
    let world = World::start(folder.path()).await.unwrap();
    let callers: Vec<_> = (0..GATEWAYS)
        .map(|gateway| Caller::new(&world.fleet.url(gateway), &world.fleet.admin_key).unwrap())
        .collect();
    for node in 0..NODES {
        world.cluster.part(node, false);
        for (gateway, caller) in callers.iter().enumerate() {
            let what = format!("gateway {} while server {} is parted", gateway + 1, node + 1);
            within(PATIENCE, &what, serves(caller)).await;
        }
        world.cluster.join(node);
        within(PATIENCE, "the cluster is whole", world.cluster.is_ready()).await.unwrap();
    }
    world.end().unwrap();
    folder.close().expect("nothing is left that runs there or is mounted");
}

/// Who is at this server, with the topology in place.
async fn bus(cluster: &Cluster, node: usize) -> Bus {
    let options = BusOptions {
        url: format!("nats://{}", cluster.address(node)),
        replicas: NODES,
        ..NatsServer::start().await.options("test")
    };
    let bus = Bus::connect(options, Arc::new(SystemClock)).await.unwrap();
    bus.begin_topology().await.unwrap();
    bus
}

/// The server that leads JOB_EVENTS.
async fn leader(cluster: &Cluster) -> usize {
    let jetstream = async_nats::jetstream::new(cluster.connect().await.unwrap());
    let streams: Vec<_> = jetstream.streams().try_collect().await.unwrap();
    let events = streams.into_iter().find(|info| info.config.name == "JOB_EVENTS").unwrap();
    let name = events.cluster.and_then(|cluster| cluster.leader).unwrap();
    name.trim_start_matches("nats-").parse::<usize>().unwrap() - 1
}

/// What was is not shown as what is: a replica that lags behind is not believed while the leader can be asked.
#[tokio::test]
async fn a_status_is_not_older_than_what_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(folder.path()).await.unwrap();
    let writer = bus(&cluster, 0).await;
    let leading = leader(&cluster).await;
    let behind = (0..NODES).find(|node| *node != leading && *node != 0).unwrap();
    let reader = bus(&cluster, behind).await;
    let patience = Duration::from_secs(20);
    let mut stored = Vec::new();
    for _ in 0..10 {
        let event = JobEvent::submitted(Arc::new(echo_job(&SystemClock)), &SystemClock);
        stored.push(writer.events().create(&event, patience).await.unwrap());
    }
    let last = stored[9].event.job.id;
    while !matches!(reader.events().status(last, None).await, Ok(Some(_))) {}

    cluster.lag(behind, Duration::from_millis(60));
    let run = Run { id: RunId::new(&SystemClock), worker_id: "w".to_owned() };
    for queued in stored {
        let started = queued.event.started(&run, &SystemClock).unwrap();
        writer.events().swap(&started, queued.sequence, patience).await.unwrap();
        let shown = reader.events().status(started.job.id, None).await.unwrap().unwrap();
        assert_eq!(shown.event.version, 2);
    }
}

/// A leader that was cut off knows nothing of a job that was accepted since. Nobody believes it that there is none, neither
/// while it is away nor when it comes back.
#[tokio::test]
async fn a_leader_that_is_cut_off_is_not_believed_that_a_job_is_unknown() {
    let folder = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(folder.path()).await.unwrap();
    let first = bus(&cluster, 0).await;
    let event = JobEvent::submitted(Arc::new(echo_job(&SystemClock)), &SystemClock);
    assert!(first.events().confirmed(event.job.id).await.unwrap().is_none());
    first.events().create(&event, PATIENCE).await.unwrap();
    let cut_off = leader(&cluster).await;
    let (reader, writer) =
        (bus(&cluster, cut_off).await, bus(&cluster, (cut_off + 1) % NODES).await);

    cluster.part(cut_off, true);
    let event = JobEvent::submitted(Arc::new(echo_job(&SystemClock)), &SystemClock);
    let accepted =
        async { while writer.events().create(&event, Duration::from_secs(1)).await.is_err() {} };
    within(PATIENCE, "another leader is chosen", accepted).await;
    let refused = reader.events().confirmed(event.job.id).await;
    assert!(refused.is_err(), "{refused:?}");
    cluster.join(cut_off);
    let known = async {
        loop {
            match reader.events().confirmed(event.job.id).await {
                Ok(found) => return found.expect("a job that was accepted is known"),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    let known = within(PATIENCE, "the job is read", known).await;
    assert_eq!(known.event.id, event.id);
}
