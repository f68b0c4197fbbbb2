//! A program that runs beside the bench and ends with it.

use std::ffi::OsStr;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::Context as _;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::Instant;

use super::programs::search_path;
use crate::cpu::Watched;

/// How long a process may take to end when it is told to.
const STOP_PATIENCE: Duration = Duration::from_secs(10);
/// What setpriv is told to end a process with its parent.
const BIND: [&str; 2] = ["--pdeathsig", "KILL"];
/// Lines of its log that are shown when it fails.
const LAST_LINES: usize = 15;

/// A child process. It is killed when this is dropped, with all that it has started.
pub(crate) struct Process {
    name: String,
    child: Child,
    pid: u32,
    log: PathBuf,
}

impl Process {
    /// Starts a program; all it says goes to `NAME.log` in `folder`. Its environment is the path and `environment`.
    pub(crate) fn start(
        name: &str,
        program: &Path,
        arguments: &[impl AsRef<OsStr>],
        environment: impl IntoIterator<Item = (String, String)>,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let log = folder.join(format!("{name}.log"));
        let out =
            File::create(&log).with_context(|| format!("{} can not be made", log.display()))?;
        let errors = out.try_clone()?;
        let child = bound(program)
            .args(arguments)
            .env_clear()
            .env("PATH", search_path())
            .envs(environment)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(errors)
            // A terminal's Ctrl-C would reach it before the bench has ended.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{} can not be started", program.display()))?;
        let pid = child.id().context("a process that was just started has an id")?;
        Ok(Self { name: name.to_owned(), child, pid, log })
    }

    /// Itself as a part under watch.
    pub(crate) fn watched(&self) -> Watched {
        Watched::family(&self.name, self.pid)
    }

    /// All that it has said.
    pub(crate) fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Tries until `ready` gives something, at most so long; an error when the process ends meanwhile.
    pub(crate) async fn wait_for<T>(
        &mut self,
        patience: Duration,
        mut ready: impl AsyncFnMut(&Self) -> Option<T>,
    ) -> anyhow::Result<T> {
        let until = Instant::now() + patience;
        loop {
            if let Some(found) = ready(self).await {
                return Ok(found);
            }
            let ended = self.child.try_wait()?;
            if ended.is_some() || Instant::now() > until {
                let how = ended.map_or_else(
                    || "is not ready in time".to_owned(),
                    |status| format!("ended: {status}"),
                );
                anyhow::bail!("{} {how}; its last words:\n{}", self.name, self.last_words());
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    /// Stops it and all that it has started until [`Self::wake`]: while others are measured it is to cost nothing.
    pub(crate) fn rest(&self) {
        self.signal_group(Signal::SIGSTOP);
    }

    /// Lets it go on.
    pub(crate) fn wake(&self) {
        self.signal_group(Signal::SIGCONT);
    }

    fn signal_group(&self, signal: Signal) {
        // It leads a group of its own, which is its own as long as it was not waited for.
        if let Some(pid) = self.child.id() {
            let _ = killpg(Pid::from_raw(pid.cast_signed()), signal);
        }
    }

    /// Tells it to end, and kills it when it does not.
    pub(crate) async fn stop(mut self) {
        // A process that was waited for has no id any more, and is not signalled.
        let Some(pid) = self.child.id().map(|pid| Pid::from_raw(pid.cast_signed())) else { return };
        let _ = kill(pid, Signal::SIGTERM);
        if tokio::time::timeout(STOP_PATIENCE, self.child.wait()).await.is_err() {
            // With all that it has started, as long as the group's id is its own.
            let _ = killpg(pid, Signal::SIGKILL);
            let _ = self.child.wait().await;
        }
    }

    fn last_words(&self) -> String {
        let said = self.said();
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
    }
}

/// A command that is killed when the bench is, whatever kills it, where the system can promise that.
fn bound(program: &Path) -> Command {
    static BINDS: LazyLock<bool> = LazyLock::new(|| {
        let tried = std::process::Command::new("setpriv").args(BIND).arg("true").output();
        tried.is_ok_and(|output| output.status.success())
    });
    if !*BINDS {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(BIND).arg(program);
    command
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal_group(Signal::SIGKILL);
    }
}
