//! Measures Millrace: against the raw limit of NATS, against what a user would pick instead, and against itself.
//!
//! `docs/BENCHMARKS.md` says what each bench does and how to repeat it.

mod arguments;
mod benches;
mod budget;
mod context;
mod cpu;
mod http;
mod load;
mod mock;
mod peers;
mod raw;
mod report;
mod run;
mod system;

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use self::arguments::{Arguments, Command, MockOptions, ReportOptions};
use self::benches::Bench;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    common::telemetry::install_crypto();
    raise_open_files();
    // Ended by a signal, it leaves by the usual way: what it has started ends with it.
    let outcome = tokio::select! {
        outcome = act(arguments) => outcome,
        error = stop_signal() => Err(error),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn act(arguments: Arguments) -> anyhow::Result<()> {
    match arguments.command {
        Some(Command::Mock(MockOptions { port, models })) => mock::serve(port, models).await,
        Some(Command::Report(ref options)) => show(options, &arguments.out()),
        None => run::measure(&arguments).await,
    }
}

/// Shows the figures of earlier runs, or puts them into a page.
fn show(options: &ReportOptions, folder: &Path) -> anyhow::Result<()> {
    let all = report::load_all(folder, &benches::names())?;
    anyhow::ensure!(!all.is_empty(), "{} has no figures yet: run a bench first", folder.display());
    let figures = report::markdown(&all);
    let Some(page) = &options.into else {
        say(&figures);
        return Ok(());
    };
    report::one_run(&all, &benches::names())
        .context("only figures of one whole run go into a page")?;
    let read = std::fs::read_to_string(page);
    let read = read.with_context(|| format!("{} can not be read", page.display()))?;
    std::fs::write(page, report::put_between_marks(&read, &figures)?)?;
    Ok(())
}

/// A thousand streams are a thousand connections here and more in the system, which inherits the limit.
fn raise_open_files() {
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        // Where it is refused, a bench with many connections says so.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
}

async fn stop_signal() -> anyhow::Error {
    let (interrupt, terminate) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    let (Ok(mut interrupt), Ok(mut terminate)) = (interrupt, terminate) else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    anyhow::anyhow!("stopped")
}

/// A line for people. A closed pipe is no fault of ours.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// What is going on, for whoever waits.
pub(crate) fn tell(line: &str) {
    let _ = writeln!(std::io::stderr(), "  {line}");
}

/// One line of the list of benches.
impl std::fmt::Display for Bench {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:<10} {}", self.name, self.about)
    }
}
