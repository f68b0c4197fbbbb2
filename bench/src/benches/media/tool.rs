//! A tool, called by hand.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Context as _;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use tokio::process::Command;
use tokio::time::Instant;

use crate::cpu::Memory;
use crate::system::programs::search_path;

/// How long one call may take.
const PATIENCE: Duration = Duration::from_secs(180);

/// What one call took.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timed {
    /// From its start to its end.
    pub(super) took: Duration,
    /// Time on cores.
    pub(super) cpu: Duration,
    /// The system tells no memory of children that have ended one by one.
    pub(super) memory: Memory,
}

/// Runs a program in a folder; an error when it fails.
pub(super) async fn run_tool(
    program: &str,
    arguments: &[&str],
    folder: &Path,
) -> anyhow::Result<Timed> {
    let before = children_cpu()?;
    let begun = Instant::now();
    let run = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("PATH", search_path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .output();
    let output = tokio::time::timeout(PATIENCE, run).await;
    let output = output.with_context(|| format!("{program} took too long"))?;
    let output = output.with_context(|| format!("{program} can not be started"))?;
    let took = begun.elapsed();
    let said = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(output.status.success(), "{program} failed: {}", said.trim());
    let cpu = children_cpu()?.saturating_sub(before);
    Ok(Timed { took, cpu, memory: Memory::default() })
}

/// The first line of what it says about its version.
pub(super) async fn version(program: &str) -> String {
    let flag = if program == "ffmpeg" { "-version" } else { "--version" };
    let output = Command::new(program).arg(flag).stdin(Stdio::null()).output().await;
    let said = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let line = said.unwrap_or_default().lines().next().unwrap_or_default().to_owned();
    line.split(" Copyright").next().unwrap_or_default().to_owned()
}

/// Time that all ended children have spent on cores.
fn children_cpu() -> anyhow::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let micros = |time: TimeVal| {
        u64::try_from(time.tv_sec() * 1_000_000 + time.tv_usec()).unwrap_or_default()
    };
    Ok(Duration::from_micros(micros(usage.user_time()) + micros(usage.system_time())))
}
