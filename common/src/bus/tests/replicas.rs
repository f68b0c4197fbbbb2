//! Three servers, three copies: what differs from one.

use std::future::IntoFuture as _;
use std::process::{Child, Command, Stdio};

use async_nats::jetstream::message::PublishMessage;

use super::*;

/// Three servers on the loopback. They end with their owner.
struct Cluster {
    servers: Vec<Child>,
    clients: Vec<u16>,
    routes: Vec<u16>,
    folder: tempfile::TempDir,
}

impl Cluster {
    fn start() -> Self {
        let mut cluster = Self::prepare();
        (0..3).for_each(|index| cluster.start_one(index));
        cluster
    }

    /// None of the servers runs yet.
    fn prepare() -> Self {
        let (clients, routes): (Vec<u16>, Vec<u16>) =
            (0..3).map(|_| (testing::free_port(), testing::free_port())).unzip();
        Self { servers: Vec::new(), clients, routes, folder: tempfile::tempdir().unwrap() }
    }

    fn start_one(&mut self, index: usize) {
        let route = |port: &u16| format!("nats-route://127.0.0.1:{port}");
        let all = self.routes.iter().map(route).collect::<Vec<_>>().join(",");
        let data = self.folder.path().join(index.to_string());
        let server = Command::new(testing::binary())
            .args(["-a", "127.0.0.1", "-p", &self.clients[index].to_string(), "-js", "-sd"])
            .arg(data)
            .args(["--server_name", &format!("n{index}"), "--cluster_name", "c"])
            .args(["--cluster", &format!("nats://127.0.0.1:{}", self.routes[index])])
            .args(["--routes", &all])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        self.servers.push(server);
    }

    /// How it is connected to, for three copies of each stream.
    async fn options(&self) -> BusOptions {
        let url = |port: &u16| format!("nats://127.0.0.1:{port}");
        BusOptions {
            url: self.clients.iter().map(url).collect::<Vec<_>>().join(","),
            replicas: 3,
            connect_timeout: Duration::from_secs(20),
            ..NatsServer::start().await.options("test")
        }
    }

    /// A connection with the topology in place, three copies of each stream.
    async fn bus(&self) -> Bus {
        let bus = Bus::connect(self.options().await, Arc::new(SystemClock)).await.unwrap();
        bus.begin_topology().await.unwrap();
        bus
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for server in &mut self.servers {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

/// Interleaving 4 on three copies: a swap is repeated while the first try is on its way through the replicas. The
/// broker refuses the repetition although its leader shows no event yet that could have won.
#[tokio::test]
async fn a_swap_that_is_repeated_while_it_is_on_its_way_is_won() {
    let cluster = Cluster::start();
    let bus = cluster.bus().await;
    for _ in 0..40 {
        let event = JobEvent::submitted(envelope(Lane::Normal), &SystemClock);
        let mut map = headers::of_event(&event);
        map.insert(async_nats::header::NATS_EXPECTED_LAST_SUBJECT_SEQUENCE, "0");
        let payload = serde_json::to_vec(&event).unwrap();
        let message = PublishMessage::build().payload(payload.into()).headers(map);
        let subject = subjects::events(event.job.id);
        // A try whose ack nobody heard.
        let unheard = bus.jetstream.send_publish(subject, message).await.unwrap();
        let stored = bus.events().create(&event, PATIENCE).await.unwrap();
        assert_eq!(stored.event.id, event.id);
        let rival = JobEvent { id: crate::job::EventId::new(&SystemClock), ..event };
        let lost = bus.events().create(&rival, PATIENCE).await;
        assert!(matches!(lost, Err(WriteError::Conflict(Some(_)))), "{lost:?}");
        drop(unheard.into_future().await);
    }
}

/// A process that starts while the cluster has no leader waits for it, instead of ending at the first refusal.
#[tokio::test]
async fn a_start_waits_for_a_leader() {
    let mut cluster = Cluster::prepare();
    cluster.start_one(0);
    let bus = Bus::connect(cluster.options().await, Arc::new(SystemClock)).await.unwrap();
    let error = bus.ensure_topology().await.unwrap_err();
    assert!(matches!(error, BusError::Unavailable(_)), "{error}");
    let others = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cluster.start_one(1);
        cluster.start_one(2);
    };
    let (begun, ()) = tokio::join!(bus.begin_topology(), others);
    begun.unwrap();
    bus.open_config(tokio_util::sync::CancellationToken::new()).await.map(drop).unwrap();
}
