//! A real nats-server for tests: one process each, on a free port, with its own directory, stopped with its owner.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream::stream::Config;

use super::{Bus, BusOptions, StreamLimits};
use crate::clock::SystemClock;

/// A running nats-server.
pub struct NatsServer {
    child: Option<Child>,
    dir: tempfile::TempDir,
    port: u16,
    extra: Vec<String>,
}

impl NatsServer {
    /// Starts a server with JetStream and waits until it answers.
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// Starts a server with more arguments, for example `-c FILE`.
    pub async fn start_with(extra: &[&str]) -> Self {
        let port = free_port();
        let mut server = Self {
            child: None,
            dir: tempfile::tempdir().expect("a temporary directory"),
            port,
            extra: extra.iter().map(|&text| text.to_owned()).collect(),
        };
        server.resume().await;
        server
    }

    /// `nats://` address.
    pub fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Its process id.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Kills it (SIGKILL). What it acked is on disk or in the page cache.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again on the same port and directory.
    pub async fn resume(&mut self) {
        assert!(self.child.is_none(), "the server runs already");
        let child = Command::new(binary())
            .args(["-a", "127.0.0.1", "-p", &self.port.to_string(), "-js", "-sd"])
            .arg(self.dir.path())
            .args(&self.extra)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("nats-server starts; `make setup` brings it");
        self.child = Some(child);
        for _ in 0..500 {
            if tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("nats-server did not open its port within five seconds");
    }

    /// Options to connect to it under a name.
    pub fn options(&self, name: &str) -> BusOptions {
        BusOptions {
            url: self.url(),
            credentials: None,
            user: None,
            password: None,
            name: name.to_owned(),
            connect_timeout: Duration::from_secs(5),
            replicas: 1,
            limits: StreamLimits {
                jobs_messages: 100_000,
                jobs_bytes: 64 << 20,
                events_bytes: 128 << 20,
                calls_bytes: 16 << 20,
                webhooks_bytes: 64 << 20,
            },
            status_retention: Duration::from_secs(172_800),
            ack_wait: Duration::from_secs(2),
        }
    }

    /// A connection with the topology in place.
    pub async fn bus(&self) -> Bus {
        let bus =
            Bus::connect(self.options("test"), Arc::new(SystemClock)).await.expect("connects");
        bus.ensure_topology().await.expect("the topology is made");
        bus
    }
}

impl Bus {
    /// Removes every event of a job, as the end of its status retention does.
    pub async fn purge_events(&self, job: crate::job::JobId) {
        let stream = self.stream(super::subjects::JOB_EVENTS).await.expect("it is there");
        stream.purge().filter(super::subjects::events(job)).await.expect("it is purged");
    }

    /// Removes the snapshots of all deliveries, as a full stream does with the oldest.
    pub async fn purge_deliveries(&self) {
        let stream = self.stream(super::subjects::DELIVERIES).await.expect("it is there");
        stream.purge().await.expect("it is purged");
    }

    /// Lets a stream have so many consumers at most.
    pub async fn limit_consumers(&self, stream: &str, most: i32) {
        let stream = self.stream(stream).await.expect("it is there");
        let config = stream.get_info().await.expect("it answers").config;
        let limited = Config { max_consumers: most, ..config };
        self.jetstream.update_stream(limited).await.expect("it can be changed");
    }

    /// Makes a consumer that has the name of one of ours and is another, so that ours can not be made.
    pub async fn usurp_consumer(&self, stream: &str, name: &str, filter: &str) {
        let usurper = async_nats::jetstream::consumer::push::Config {
            durable_name: Some(name.to_owned()),
            deliver_subject: "nowhere".to_owned(),
            filter_subject: filter.to_owned(),
            ..Default::default()
        };
        let stream = self.stream(stream).await.expect("it is there");
        stream.create_consumer(usurper).await.expect("the name is free");
    }

    /// Stores bytes on a subject as they are, for what no honest process would write. Returns the sequence.
    pub async fn publish_raw(&self, subject: String, payload: &'static [u8]) -> u64 {
        let ack = self.jetstream.publish(subject, payload.into()).await.expect("it is sent");
        ack.await.expect("a stream takes it").sequence
    }
}

impl Drop for NatsServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A port that was free a moment ago.
pub fn free_port() -> u16 {
    std::net::TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}

/// The nats-server binary: the one that set-up installed, else the one on the path.
pub fn binary() -> PathBuf {
    let installed = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../.tools/bin/nats-server");
    if installed.exists() { installed } else { PathBuf::from("nats-server") }
}
