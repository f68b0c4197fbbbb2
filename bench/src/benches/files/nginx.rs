//! nginx, as a plain file server.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::cpu::Watched;
use crate::http::{Connection, request};
use crate::peers::set_up;
use crate::system::Process;
use crate::system::programs::free_port;

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Debian keeps it where only root's path leads.
const PROGRAM: &str = "/usr/sbin/nginx";

/// A running nginx, which serves and takes files below one folder.
pub(super) struct Nginx {
    process: Process,
    /// Where it listens.
    pub(super) address: SocketAddr,
}

impl Nginx {
    /// Starts one with its files below `folder`. An error is why not, in one line.
    pub(super) async fn start(folder: &Path) -> Result<Self, String> {
        set_up("nginx").await?;
        let started = start(folder).await;
        started.map_err(|error| {
            format!("{error:#}").lines().next_back().unwrap_or_default().to_owned()
        })
    }

    /// Itself as a part under watch.
    pub(super) fn watched(&self) -> Watched {
        self.process.watched()
    }

    /// Ends it.
    pub(super) async fn stop(self) {
        self.process.stop().await;
    }
}

async fn start(folder: &Path) -> anyhow::Result<Nginx> {
    let home = folder.join("nginx");
    std::fs::create_dir_all(home.join("files"))?;
    let port = free_port()?;
    let file = home.join("nginx.conf");
    std::fs::write(&file, config(&home, port))?;
    let arguments = ["-p".into(), home.clone(), "-c".into(), file, "-e".into(), "stderr".into()];
    let mut process = Process::start("nginx", &PathBuf::from(PROGRAM), &arguments, [], folder)?;
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    let ask = request("GET", "/", "", b"");
    process.wait_for(PATIENCE, async |_| Connection::new(address).call(&ask).await.ok()).await?;
    Ok(Nginx { process, address })
}

/// A worker for each core, as the gateway has threads; logs off; uploads to the disk that the files lie on.
fn config(home: &Path, port: u16) -> String {
    // Workers of root's nginx are somebody else, who may not write here.
    let user = if nix::unistd::geteuid().is_root() { "user root;\n" } else { "" };
    format!(
        "daemon off;\nworker_processes auto;\n{user}pid {home}/pid;\nevents {{ worker_connections 256; }}\n\
         http {{\n  access_log off;\n  sendfile on;\n  tcp_nopush on;\n  client_max_body_size 1g;\n\
         client_body_temp_path {home}/body;\n  proxy_temp_path {home}/proxy;\n  fastcgi_temp_path {home}/fastcgi;\n\
         uwsgi_temp_path {home}/uwsgi;\n  scgi_temp_path {home}/scgi;\n  keepalive_requests 1000000;\n\
         server {{ listen 127.0.0.1:{port}; root {home}/files; dav_methods PUT; }}\n}}\n",
        home = home.display()
    )
}
