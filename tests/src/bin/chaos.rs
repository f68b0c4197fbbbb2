//! `chaos`: many seeds one after the other. `SEED=17` runs one; `SEEDS`, `FIRST` and `SECONDS` say how many, from which
//! on, and how long the faults of each last.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tests::chaos::{Chaos, Report};
use tokio::signal::unix::{SignalKind, signal};

/// How many seeds, when nothing else is said: about 15 minutes.
const SEEDS: u64 = 20;
/// How long the faults of a seed last, in seconds.
const SECONDS: u64 = 20;

/// SIGINT or SIGTERM. What was started is ended then.
async fn told_to_stop() {
    let terminated = async {
        match signal(SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminated => {}
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::main]
async fn main() -> ExitCode {
    let span = Duration::from_secs(number("SECONDS").unwrap_or(SECONDS));
    let first = number("SEED").or_else(|| number("FIRST")).unwrap_or(1);
    let count = if number("SEED").is_some() { 1 } else { number("SEEDS").unwrap_or(SEEDS) };
    let root =
        std::env::current_exe().ok().and_then(|path| Some(path.parent()?.join("chaos.runs")));
    let root = std::env::var_os("CHAOS_FOLDER").map(PathBuf::from).or(root).unwrap_or_default();
    let begun = Instant::now();
    let (mut failed, mut reports) = (Vec::new(), Vec::<Report>::new());
    for seed in first..first + count {
        let folder = root.join(format!("seed-{seed}"));
        let chaos = Chaos { seed, span, folder: folder.clone() };
        let run = tokio::select! {
            run = chaos.run() => run,
            () = told_to_stop() => {
                eprintln!("seed {seed} was stopped");
                break;
            }
        };
        match run {
            Ok(report) => {
                eprintln!("{report}");
                if report.is_clean() {
                    let _ = std::fs::remove_dir_all(&folder);
                } else {
                    eprintln!("  plan, logs and data are in {}", folder.display());
                    failed.push(seed);
                }
                reports.push(report);
            }
            Err(error) => {
                eprintln!(
                    "seed {seed} could not be run: {error:#}\n  logs are in {}",
                    folder.display()
                );
                failed.push(seed);
            }
        }
    }
    eprintln!("{}", Report::summary(&reports));
    eprintln!("{} seeds in {:.0} s", reports.len(), begun.elapsed().as_secs_f32());
    if failed.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("these seeds failed, run one again with SEED=: {failed:?}");
    ExitCode::FAILURE
}
