//! A nats-server of the bench's own.

use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;

use super::process::Process;
use super::programs::{free_port, nats_server};
use crate::cpu::Watched;
use crate::http::{Connection, request};

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(15);

/// When what was acked is on the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sync {
    /// The server's default: every two minutes; an ack means the page cache.
    Default,
    /// Before every ack.
    Always,
}

/// A running nats-server.
pub(crate) struct Broker {
    process: Process,
    port: u16,
    monitor: u16,
}

impl Broker {
    /// Starts one with its data below `folder`, on free loopback ports, and waits until it answers.
    pub(crate) async fn start(folder: &Path, sync: Sync) -> anyhow::Result<Self> {
        let (port, monitor) = (free_port()?, free_port()?);
        let store = folder.join("nats");
        std::fs::create_dir_all(&store)?;
        let always = if sync == Sync::Always { "\n  sync_interval: always" } else { "" };
        // The settings of nats/server/limits.conf, but for the sync that is measured both ways.
        let config = format!(
            "listen: \"127.0.0.1:{port}\"\nhttp: \"127.0.0.1:{monitor}\"\nmax_payload: 1MB\nmax_pending: 64MB\n\
             jetstream {{\n  store_dir: \"{}\"\n  max_memory_store: 4GB\n  max_file_store: 100GB{always}\n}}\n",
            store.display()
        );
        let file = folder.join("nats.conf");
        std::fs::write(&file, config)
            .with_context(|| format!("{} can not be written", file.display()))?;
        let arguments = [std::ffi::OsStr::new("-c"), file.as_os_str()];
        let mut process = Process::start("nats", &nats_server(), &arguments, [], folder)?;
        let health = request("GET", "/healthz", "", b"");
        process
            .wait_for(PATIENCE, async |_| {
                let answer = Connection::new(([127, 0, 0, 1], monitor).into()).call(&health).await;
                answer.is_ok_and(|answer| answer.status == 200).then_some(())
            })
            .await?;
        Ok(Self { process, port, monitor })
    }

    /// Its address for clients.
    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// A new connection to it.
    pub(crate) async fn connect(&self) -> anyhow::Result<async_nats::Client> {
        Ok(async_nats::connect(self.url()).await?)
    }

    /// A document of its monitoring, for example `/jsz?consumers=true`.
    pub(crate) async fn monitor(&self, path: &str) -> anyhow::Result<serde_json::Value> {
        let mut connection = Connection::new(([127, 0, 0, 1], self.monitor).into());
        connection.call(&request("GET", path, "", b"")).await?.expect(200)?.json()
    }

    /// Itself as a part under watch.
    pub(crate) fn watched(&self) -> Watched {
        self.process.watched()
    }

    /// Ends it.
    pub(crate) async fn stop(self) {
        self.process.stop().await;
    }
}
