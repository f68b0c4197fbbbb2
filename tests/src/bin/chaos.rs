//! `chaos`: many seeds one after the other. `SEED=17` runs one; `SEEDS`, `FIRST` and `SECONDS` say how many, from which
//! on, and how long there are faults in each; in every fifth three times as long.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::{Duration, Instant};

use tests::chaos::{Chaos, Report, mount_apart};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How many seeds, when nothing else is said: about 18 minutes.
const SEEDS: u64 = 16;
/// How long the faults of a seed last, in seconds.
const SECONDS: u64 = 20;

/// The signals that stop it. What was started is ended then.
const SIGNALS: [SignalKind; 3] =
    [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];

/// As long as the tasks live a signal stops everything; its number is known afterwards.
fn watch_signals(stop: &CancellationToken) -> std::io::Result<(JoinSet<()>, Arc<AtomicU8>)> {
    let mut tasks = JoinSet::new();
    let seen = Arc::<AtomicU8>::default();
    for kind in SIGNALS {
        let mut signal = signal(kind)?;
        let (stop, seen) = (stop.clone(), Arc::clone(&seen));
        tasks.spawn(async move {
            signal.recv().await;
            let number = u8::try_from(kind.as_raw_value()).unwrap_or_default();
            seen.store(number, Ordering::Relaxed);
            stop.cancel();
        });
    }
    Ok((tasks, seen))
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn main() -> ExitCode {
    // Before there is any other thread.
    mount_apart();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime.map(|runtime| runtime.block_on(run_all())) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) | Err(error) => {
            eprintln!("chaos can not begin: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run_all() -> std::io::Result<ExitCode> {
    let stop = CancellationToken::new();
    let (_tasks, signal) = watch_signals(&stop)?;
    let span = Duration::from_secs(number("SECONDS").unwrap_or(SECONDS));
    let first = number("SEED").or_else(|| number("FIRST")).unwrap_or(1);
    let count = if number("SEED").is_some() { 1 } else { number("SEEDS").unwrap_or(SEEDS) };
    let root =
        std::env::current_exe().ok().and_then(|path| Some(path.parent()?.join("chaos.runs")));
    let root = std::env::var_os("CHAOS_FOLDER").map(PathBuf::from).or(root).unwrap_or_default();
    let begun = Instant::now();
    let (mut failed, mut reports) = (Vec::new(), Vec::<Report>::new());
    for seed in first..first + count {
        if stop.is_cancelled() {
            break;
        }
        let folder = root.join(format!("seed-{seed}"));
        let chaos = Chaos { seed, span, folder: folder.clone() };
        match chaos.run(&stop).await {
            Ok(Some(report)) => {
                eprintln!("{report}");
                if report.is_clean() {
                    let _ = std::fs::remove_dir_all(&folder);
                } else {
                    eprintln!("  plan, logs and data are in {}", folder.display());
                    failed.push(seed);
                }
                reports.push(report);
            }
            Ok(None) => eprintln!("seed {seed} was stopped"),
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
    let toothless = Report::toothless(&reports);
    for kind in &toothless {
        eprintln!("'{kind}' was tried again and again, and nobody ever felt it");
    }
    for seed in &failed {
        eprintln!("failed: make chaos SEED={seed} SECONDS={}", span.as_secs());
    }
    let signal = signal.load(Ordering::Relaxed);
    Ok(if signal > 0 {
        // As a shell tells of who was ended by a signal.
        ExitCode::from(128 + signal)
    } else if failed.is_empty() && toothless.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
