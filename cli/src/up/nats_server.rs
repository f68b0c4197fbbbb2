//! The nats-server child of `up`: on a free loopback port, with a password that only the owner of the data directory
//! can read, restarted when it dies. Whoever else can log in to the machine reaches the port, and is refused.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use common::config::NatsConfig;
use common::lifecycle::Lifecycle;
use common::secret::Secret;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::Mutex;

use super::data_dir::{DataDir, write_private};
use crate::failure::Failure;

/// How long the server may take to open its port, and to stop.
const START_PATIENCE: Duration = Duration::from_secs(15);
const STOP_PATIENCE: Duration = Duration::from_secs(10);

/// The one user of the server.
const USER: &str = "millrace";

/// A nats-server that belongs to this process.
pub(crate) struct NatsServer {
    shared: Arc<Shared>,
}

struct Shared {
    program: PathBuf,
    dir: PathBuf,
    port: u16,
    password: Secret,
    child: Mutex<Option<Child>>,
}

impl NatsServer {
    /// Starts the server with its data below `data_dir`. A server that a killed predecessor left behind is stopped
    /// first: two must never share a store.
    pub(crate) async fn start(data_dir: &DataDir) -> Result<Self, Failure> {
        let password = data_dir.nats_password()?;
        let dir = data_dir.path().join("nats");
        std::fs::create_dir_all(&dir).map_err(|error| {
            Failure::general(format!("{} can not be made: {error}", dir.display()))
        })?;
        stop_orphan(&dir).await;
        let (program, port) = (find()?, free_port()?);
        let shared = Arc::new(Shared { program, dir, port, password, child: Mutex::new(None) });
        shared.spawn().await?;
        Ok(Self { shared })
    }

    /// Leads a configuration to this server.
    pub(crate) fn lead(&self, config: &mut NatsConfig) {
        lead(config, self.url(), Some(self.shared.password.clone()));
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.shared.port)
    }

    /// Starts it again whenever it dies, until the process stops.
    pub(crate) fn supervise(&self, lifecycle: &Lifecycle) {
        let (shared, soft) = (Arc::clone(&self.shared), lifecycle.soft());
        lifecycle.spawn("nats-server", async move {
            loop {
                tokio::select! {
                    () = soft.cancelled() => return Ok(()),
                    () = tokio::time::sleep(Duration::from_millis(200)) => {}
                }
                if let Some(status) = shared.ended().await {
                    tracing::error!(%status, "nats-server ended; starting it again");
                    if let Err(failure) = shared.spawn().await {
                        anyhow::bail!("nats-server can not be started again: {failure:?}");
                    }
                }
            }
        });
    }

    /// Stops it: it writes its state and ends.
    pub(crate) async fn stop(self) {
        if let Some(mut child) = self.shared.child.lock().await.take() {
            terminate(&mut child).await;
        }
        let _ = std::fs::remove_file(self.shared.dir.join("pid"));
    }
}

impl Shared {
    async fn spawn(&self) -> Result<(), Failure> {
        let config = self.dir.join("server.conf");
        // In a file that only we can read: a command line and an environment are others' to see.
        write_private(&config, &self.config())?;
        let log = self.dir.join("server.log");
        let spawned = Command::new(&self.program)
            .arg("-c")
            .arg(&config)
            .arg("-l")
            .arg(&log)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A terminal's Ctrl-C goes to the whole group: the server must outlive the drain.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                Failure::general(format!("{} can not be started: {error}", self.program.display()))
            })?;
        if let Some(pid) = spawned.id() {
            let _ = std::fs::write(self.dir.join("pid"), pid.to_string());
        }
        *self.child.lock().await = Some(spawned);
        self.wait_until_open(&log).await
    }

    fn config(&self) -> String {
        let (port, store) = (self.port, self.dir.join("store"));
        let (password, store) = (self.password.expose(), store.display());
        format!(
            "listen: \"127.0.0.1:{port}\"\nmax_payload: 1MB\n\
             authorization {{\n  user: \"{USER}\"\n  password: \"{password}\"\n}}\n\
             jetstream {{\n  store_dir: \"{store}\"\n  \
             # Every acked message is on disk, also after a power failure.\n  sync_interval: always\n}}\n"
        )
    }

    async fn wait_until_open(&self, log: &Path) -> Result<(), Failure> {
        let opened = tokio::time::timeout(START_PATIENCE, async {
            while tokio::net::TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
                if self.ended().await.is_some() {
                    return false;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            true
        });
        if opened.await.unwrap_or(false) {
            return Ok(());
        }
        Err(Failure::general(format!("nats-server did not start; see {}", log.display())))
    }

    /// How it ended; `None` while it runs or when it was stopped.
    async fn ended(&self) -> Option<std::process::ExitStatus> {
        self.child.lock().await.as_mut()?.try_wait().ok().flatten()
    }
}

async fn terminate(child: &mut Child) {
    if let Some(pid) = child.id() {
        let _ = kill(Pid::from_raw(pid as i32), Signal::SIGTERM);
    }
    if tokio::time::timeout(STOP_PATIENCE, child.wait()).await.is_err() {
        let _ = child.kill().await;
    }
}

/// Stops the server of a predecessor that was killed: the pid is trusted only when that process has our directory on
/// its command line.
async fn stop_orphan(dir: &Path) {
    let Ok(text) = std::fs::read_to_string(dir.join("pid")) else { return };
    let Ok(pid) = text.trim().parse::<i32>() else { return };
    let is_ours = || {
        std::fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|line| String::from_utf8_lossy(&line).contains(&*dir.to_string_lossy()))
    };
    for signal in [Signal::SIGTERM, Signal::SIGKILL] {
        if !is_ours() {
            return;
        }
        tracing::warn!(pid, "stops the nats-server that a killed predecessor left behind");
        let _ = kill(Pid::from_raw(pid), signal);
        for _ in 0..100 {
            if !is_ours() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

/// The address of the server that runs in this directory.
pub(super) fn running(dir: &Path) -> Option<String> {
    let pid: u32 = std::fs::read_to_string(dir.join("pid")).ok()?.trim().parse().ok()?;
    if !Path::new(&format!("/proc/{pid}")).exists() {
        return None;
    }
    let config = std::fs::read_to_string(dir.join("server.conf")).ok()?;
    let line = config.lines().find_map(|line| line.strip_prefix("listen: "))?;
    Some(format!("nats://{}", line.trim_matches('"')))
}

/// Leads a configuration to a server of ours at `url`: whatever it said of another one does not hold there.
pub(super) fn lead(config: &mut NatsConfig, url: String, password: Option<Secret>) {
    config.url = url;
    config.credentials = None;
    config.user = password.is_some().then(|| USER.to_owned());
    config.password = password;
}

fn find() -> Result<PathBuf, Failure> {
    let beside = std::env::current_dir().ok().map(|dir| dir.join(".tools/bin/nats-server"));
    crate::programs::find_on_path("nats-server")
        .or_else(|| beside.filter(|file| file.is_file()))
        .ok_or_else(|| {
            Failure::general(
                "nats-server is not on the path; install version 2.12 or newer, or run `make setup-demo`, \
                 or give the address of a running one with --nats",
            )
        })
}

fn free_port() -> Result<u16, Failure> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| Failure::general(format!("no free port on the loopback address: {error}")))
}
