//! Running the scripts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::sync::Mutex;

use crate::system::programs::{crate_dir, search_path};

/// How long an installation may take.
const SETUP_LIMIT: Duration = Duration::from_secs(600);

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
    let outcome = run("setup.sh", &[peer], SETUP_LIMIT).await.map(drop);
    installed.insert(peer.to_owned(), outcome.clone());
    outcome
}

/// Runs a script to its end, and gives what it printed; or why it failed, in one line.
pub(super) async fn run(name: &str, arguments: &[&str], limit: Duration) -> Result<String, String> {
    let path = script(name);
    if !path.is_file() {
        return Err(format!("{name} is not there"));
    }
    let run = Command::new(path)
        .args(arguments)
        .env("PATH", search_path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(limit, run).await;
    let output = output.map_err(|_| format!("{name} took longer than {} s", limit.as_secs()))?;
    let output = output.map_err(|error| format!("{name} can not be run: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().rev().find(|line| !line.trim().is_empty());
    Err(last.map_or_else(|| format!("{name} failed: {}", output.status), str::to_owned))
}
