//! Three servers, three copies: what differs from one.

use std::future::IntoFuture as _;
use std::process::{Child, Command, Stdio};

use async_nats::jetstream::message::PublishMessage;

use super::*;

/// Three servers on the loopback. They end with their owner.
struct Cluster {
    servers: Vec<Child>,
    urls: String,
    _folder: tempfile::TempDir,
}

impl Cluster {
    fn start() -> Self {
        let (clients, routes): (Vec<u16>, Vec<u16>) =
            (0..3).map(|_| (testing::free_port(), testing::free_port())).unzip();
        let route = |port: &u16| format!("nats-route://127.0.0.1:{port}");
        let all = routes.iter().map(route).collect::<Vec<_>>().join(",");
        let folder = tempfile::tempdir().unwrap();
        let start = |index: usize| {
            let data = folder.path().join(index.to_string());
            Command::new(testing::binary())
                .args(["-a", "127.0.0.1", "-p", &clients[index].to_string(), "-js", "-sd"])
                .arg(data)
                .args(["--server_name", &format!("n{index}"), "--cluster_name", "c"])
                .args(["--cluster", &format!("nats://127.0.0.1:{}", routes[index])])
                .args(["--routes", &all])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        };
        let servers = (0..3).map(start).collect();
        let url = |port: &u16| format!("nats://127.0.0.1:{port}");
        Self {
            servers,
            urls: clients.iter().map(url).collect::<Vec<_>>().join(","),
            _folder: folder,
        }
    }

    /// A connection with the topology in place, three copies of each stream.
    async fn bus(&self) -> Bus {
        let options = BusOptions {
            url: self.urls.clone(),
            replicas: 3,
            connect_timeout: Duration::from_secs(20),
            ..NatsServer::start().await.options("test")
        };
        let bus = Bus::connect(options, Arc::new(SystemClock)).await.unwrap();
        let deadline = tokio::time::Instant::now() + Duration::from_secs(30);
        while let Err(error) = bus.ensure_topology().await {
            assert!(tokio::time::Instant::now() < deadline, "{error}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
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
