//! The mock upstream as a process of its own: what it costs is not counted as anybody else's.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use super::process::Process;
use super::programs::free_port;
use crate::cpu::Watched;
use crate::http::{Connection, request};

const PATIENCE: Duration = Duration::from_secs(10);

/// A running mock upstream.
pub(crate) struct Mock {
    process: Process,
    port: u16,
    // Last: its log goes when nobody writes to it any more.
    _folder: tempfile::TempDir,
}

impl Mock {
    /// Starts one that lists so many models, and waits until it answers. Its log lies below `work` meanwhile.
    pub(crate) async fn start(work: &Path, models: usize) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("mock-").tempdir_in(work)?;
        let port = free_port()?;
        let arguments = ["mock", "--port", &port.to_string(), "--models", &models.to_string()]
            .map(str::to_owned);
        let program = std::env::current_exe()?;
        let mut process = Process::start("mock", &program, &arguments, [], folder.path())?;
        let health = request("GET", "/health", "", b"");
        process
            .wait_for(PATIENCE, async |_| {
                let answer = Connection::new(([127, 0, 0, 1], port).into()).call(&health).await;
                answer.is_ok_and(|answer| answer.status == 200).then_some(())
            })
            .await?;
        Ok(Self { process, port, _folder: folder })
    }

    /// Its port on the loopback address.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Its address for clients of the OpenAI protocol, without `/v1`.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
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
