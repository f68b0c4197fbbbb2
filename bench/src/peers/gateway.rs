//! Gateways of others.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use serde::Deserialize;

use super::script::{script, set_up};
use crate::cpu::Watched;
use crate::system::Process;
use crate::system::programs::free_port;

/// How long a gateway may take to be ready: some load for a while.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running gateway of others.
pub(crate) struct GatewayPeer {
    process: Process,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// What its callers must send.
    pub(crate) headers: Vec<(String, String)>,
    /// The model that its callers must name, if any.
    pub(crate) model: Option<String>,
    /// Its version.
    pub(crate) version: Option<String>,
    pid: Option<u32>,
    // Last: its log goes when nobody writes to it any more.
    _folder: tempfile::TempDir,
}

/// What the script prints when the gateway is ready.
#[derive(Deserialize)]
struct Ready {
    ready: bool,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    model: Option<String>,
    version: Option<String>,
    pid: Option<u32>,
}

/// Starts a gateway in front of the upstream on this port; its log lies below `work` meanwhile. An error is why not, in
/// one line.
pub(crate) async fn start_gateway(
    peer: &str,
    upstream: u16,
    work: &Path,
) -> Result<GatewayPeer, String> {
    set_up(peer).await?;
    let one_line = |error: anyhow::Error| {
        let text = format!("{error:#}");
        let line = text.lines().rev().find(|line| !line.trim().is_empty());
        line.unwrap_or("it did not start").trim_end_matches("; its last words:").to_owned()
    };
    let folder = tempfile::Builder::new().prefix("peer-").tempdir_in(work);
    let folder = folder.map_err(|error| one_line(error.into()))?;
    let port = free_port().map_err(one_line)?;
    let arguments = [peer.to_owned(), port.to_string(), upstream.to_string()];
    let own = folder.path().display().to_string();
    let places = ["HOME", "TMPDIR"].map(|name| (name.to_owned(), own.clone()));
    let mut process =
        Process::start(peer, &script("gateway.sh"), &arguments, places, folder.path())
            .map_err(one_line)?;
    let ready = process.wait_for(PATIENCE, async |process| {
        let said = process.said();
        let mut lines = said.lines().filter_map(|line| serde_json::from_str::<Ready>(line).ok());
        lines.find(|line| line.ready)
    });
    let ready = ready.await.map_err(one_line)?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let Ready { headers, model, version, pid, .. } = ready;
    Ok(GatewayPeer {
        process,
        address,
        headers: headers.into_iter().collect(),
        model,
        version,
        pid,
        _folder: folder,
    })
}

impl GatewayPeer {
    /// Itself as a part under watch.
    pub(crate) fn watched(&self) -> Watched {
        let script = self.process.watched();
        match self.pid {
            Some(pid) => Watched::family(&script.name, pid),
            None => script,
        }
    }

    /// Lets it cost nothing until [`Self::wake`].
    pub(crate) fn rest(&self) {
        self.process.rest();
    }

    /// Lets it go on.
    pub(crate) fn wake(&self) {
        self.process.wake();
    }

    /// Ends it.
    pub(crate) async fn stop(self) {
        // What rests hears nothing.
        self.wake();
        self.process.stop().await;
    }
}
