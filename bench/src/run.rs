//! One run: the chosen benches one after the other. What one finds is kept as soon as it has ended, however it ended.

use std::collections::BTreeSet;
use std::process::Command;
use std::time::{Duration, Instant};

use common::clock::{Clock as _, SystemClock};

use crate::arguments::Arguments;
use crate::benches::{self, Bench};
use crate::budget::Budget;
use crate::context::Context;
use crate::peers::set_up;
use crate::report::{self, Found, Machine, Run, Sheet, Steal};
use crate::system::programs::crate_dir;
use crate::{say, tell};

/// How long all benches may take unless the command line says otherwise.
const MINUTES: u16 = 28;

/// Runs what the command line asks for. An error, after everything was tried, when a bench failed.
pub(crate) async fn measure(arguments: &Arguments) -> anyhow::Result<()> {
    let chosen = benches::choose(&arguments.names)?;
    let mut context = Context::new(arguments)?;
    let whole = chosen.len() == benches::names().len();
    if whole {
        report::clear(&context.out, &benches::names())?;
    }
    if context.peers {
        install_peers(&chosen).await;
    }
    let machine = Machine::here(&context.work);
    let minutes = arguments.minutes.or((whole && !arguments.smoke).then_some(MINUTES));
    let lasting = minutes.map(|minutes| Duration::from_secs(60 * u64::from(minutes)));
    context.budget = Budget::new(lasting, Instant::now());
    let run = begin(arguments, minutes);
    let mut all: Vec<Found> = Vec::new();
    for (index, bench) in chosen.iter().enumerate() {
        say(&format!("{}: {}", bench.name, bench.about));
        let later = chosen[index + 1..].iter().map(|bench| bench.need(&context)).sum();
        context.budget.reserve(later);
        let found = one(&context, bench, &run, &machine).await;
        report::save(&context.out, &found, &benches::names())?;
        say(&report::table(&found));
        all.push(found);
    }
    say(&report::summary(&all));
    let failed: Vec<&str> = all
        .iter()
        .filter(|found| found.failed.is_some())
        .map(|found| found.bench.as_str())
        .collect();
    anyhow::ensure!(failed.is_empty(), "these benches failed: {}", failed.join(", "));
    Ok(())
}

async fn one(context: &Context, bench: &Bench, run: &Run, machine: &Machine) -> Found {
    let mut sheet = Sheet::default();
    let (begun, steal) = (Instant::now(), Steal::watch());
    let outcome = (bench.run)(context, &mut sheet).await;
    (bench.goals)(context, &mut sheet);
    let failed = outcome.err().map(|error| format!("{error:#}"));
    if let Some(why) = &failed {
        tell(&format!("the bench {} failed: {why}", bench.name));
    }
    sheet.extend_remarks(steal.warning());
    Found {
        bench: bench.name.to_owned(),
        about: bench.about.to_owned(),
        run: run.clone(),
        ended_at: SystemClock.now().to_string(),
        took_s: begun.elapsed().as_secs_f64(),
        rounds: context.scale.rounds(),
        smoke: context.scale.is_smoke(),
        machine: machine.clone(),
        failed,
        remarks: sheet.remarks(),
        rows: sheet.finish(),
    }
}

/// Installs every peer before anything is measured. One that can not be had is a row of its bench later.
async fn install_peers(chosen: &[&Bench]) {
    let peers: BTreeSet<&str> =
        chosen.iter().flat_map(|bench| bench.peers.iter().copied()).collect();
    for peer in peers {
        if let Err(why) = set_up(peer).await {
            tell(&format!("{peer} can not be had: {why}"));
        }
    }
}

fn begin(arguments: &Arguments, minutes: Option<u16>) -> Run {
    let names =
        if arguments.names.is_empty() { "all".to_owned() } else { arguments.names.join(" ") };
    let minutes = minutes.map_or_else(String::new, |minutes| format!(", in {minutes} minutes"));
    let peers = if arguments.no_peers { ", no peers" } else { "" };
    Run {
        id: format!("{}/{}", SystemClock.now(), std::process::id()),
        revision: revision(),
        options: format!("{names}, {} rounds{minutes}{peers}", arguments.rounds),
    }
}

/// The revision of the sources beside this program, as far as git knows it.
fn revision() -> String {
    let git = |arguments: &[&str]| {
        let run = Command::new("git").arg("-C").arg(crate_dir()).args(arguments).output().ok()?;
        run.status.success().then(|| String::from_utf8_lossy(&run.stdout).trim().to_owned())
    };
    let Some(head) = git(&["rev-parse", "--short=12", "HEAD"]) else {
        return "unknown".to_owned();
    };
    let changed = git(&["status", "--porcelain", "--untracked-files=no"]);
    let changed = changed.is_none_or(|changes| !changes.is_empty());
    if changed { format!("{head}+changes") } else { head }
}
