//! Running the scripts.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::Command;
use tokio::sync::Mutex;

use crate::system::programs::{crate_dir, search_path};

/// How long an installation may take.
const SETUP_LIMIT: Duration = Duration::from_secs(300);

/// The path of a script.
pub(super) fn script(name: &str) -> PathBuf {
    crate_dir().join("peers").join(name)
}

/// What became of the installation of each peer: it is tried once in a run, also when it fails.
static INSTALLED: Mutex<BTreeMap<String, Result<(), String>>> = Mutex::const_new(BTreeMap::new());

/// Installs a peer, unless that was tried already.
pub(crate) async fn set_up(peer: &str) -> Result<(), String> {
    let mut installed = INSTALLED.lock().await;
    if let Some(known) = installed.get(peer) {
        return known.clone();
    }
    let outcome = run("setup.sh", &[peer], SETUP_LIMIT, None).await.map(drop);
    installed.insert(peer.to_owned(), outcome.clone());
    outcome
}

/// Runs a script to its end, its own files below `work` when that is given, and gives what it printed; or why it failed, in one line.
pub(super) async fn run(
    name: &str,
    arguments: &[&str],
    limit: Duration,
    work: Option<&Path>,
) -> Result<String, String> {
    let path = script(name);
    if !path.is_file() {
        return Err(format!("{name} is not there"));
    }
    run_file(&path, name, arguments, limit, work).await
}

async fn run_file(
    path: &Path,
    name: &str,
    arguments: &[&str],
    limit: Duration,
    work: Option<&Path>,
) -> Result<String, String> {
    let mut command = Command::new(path);
    command
        .args(arguments)
        .env("PATH", search_path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // What it starts ends with it, also when it is ended by force.
        .process_group(0)
        .kill_on_drop(true);
    // Syncs are worth the same for all only on the same disk.
    if let Some(work) = work {
        command.env("TMPDIR", work);
    }
    let child = command.spawn().map_err(|error| format!("{name} can not be run: {error}"))?;
    let group = Group(child.id());
    let output = tokio::time::timeout(limit, child.wait_with_output()).await;
    let output = output.map_err(|_| format!("{name} took longer than {} s", limit.as_secs()))?;
    let output = output.map_err(|error| format!("{name} can not be run: {error}"))?;
    drop(group);
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(last.map_or_else(|| format!("{name} failed: {}", output.status), str::to_owned))
}

/// All that a script has started. It is killed when this is dropped.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0 {
            // It may be empty already.
            let _ = killpg(Pid::from_raw(leader.cast_signed()), Signal::SIGKILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    async fn ran(folder: &Path, script: &str, limit: Duration) -> Result<String, String> {
        let path = folder.join("peer.sh");
        std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        run_file(&path, "peer.sh", &[], limit, Some(folder)).await
    }

    #[tokio::test]
    async fn a_script_says_what_it_found_or_why_not() {
        let folder = tempfile::tempdir().unwrap();
        let patient = Duration::from_secs(20);
        let found = ran(folder.path(), "echo $TMPDIR", patient).await.unwrap();
        assert_eq!(found.trim(), folder.path().display().to_string());
        let why = ran(folder.path(), "echo x >&2; echo no npm >&2; exit 3", patient).await;
        assert_eq!(why.unwrap_err(), "no npm");
    }

    #[tokio::test]
    async fn what_hangs_ends_with_all_that_it_has_started() {
        let folder = tempfile::tempdir().unwrap();
        let hangs = "sleep 300 & echo $! >pid; wait";
        let hangs = format!("cd {}; {hangs}", folder.path().display());
        let why = ran(folder.path(), &hangs, Duration::from_secs(2)).await.unwrap_err();
        assert_eq!(why, "peer.sh took longer than 2 s");
        let pid = std::fs::read_to_string(folder.path().join("pid")).unwrap();
        let stat = format!("/proc/{}/stat", pid.trim());
        for _ in 0..100 {
            // Killed is gone, or a zombie that its new parent has not waited for.
            let state = std::fs::read_to_string(&stat).unwrap_or_default();
            if state.is_empty() || state.contains(") Z ") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("the sleeper lives on");
    }
}
