//! Whether a long queue makes anything slower: the same few requests while 1 thousand, 100 thousand and 1 million jobs
//! are queued.

mod take;

use serde_json::json;

use self::take::Taker;
use super::fill::{fill, spread};
use super::growth::{self, BROKER};
use super::probe;
use crate::context::Context;
use crate::report::{Goal, Sheet};
use crate::system::{Role, Sync, System};
use crate::tell;

/// The queue of the jobs.
const STREAM: &str = "JOBS_diagnostic";
/// Queued jobs, step by step.
const STEPS: [usize; 3] = [1_000, 100_000, 1_000_000];
/// Those of a trial.
const TRIAL: [usize; 3] = [100, 200, 400];
/// The default limits hold a million jobs, but not one more, nor the bytes of their events.
const LIMITS: [(&str, &str); 3] = [
    ("nats.limits.jobs_messages", "1200000"),
    ("nats.limits.jobs_bytes", "4GB"),
    ("nats.limits.events_bytes", "4GB"),
];
/// Bytes that the broker may need for each queued job. What it keeps of a message in memory grows with their number
/// whatever is done; so much a machine can be asked for.
const BYTES_PER_JOB: f64 = 1_024.0;
/// Jobs whose status is asked for in turn: as many at each step, so that caches help none of them more.
const KNOWN: usize = 64;

/// The times that are measured at each step.
const TIMES: [&str; 3] = ["submit", "pull", "status"];
const KEEPER: &str = "memory of the keeper";

/// Measures.
pub(crate) async fn run(context: &Context, sheet: &mut Sheet) -> anyhow::Result<()> {
    let mut system = context.system(Sync::Default, &LIMITS).await?;
    system.add(Role::Gateway).await?;
    system.add(Role::Keeper).await?;
    // Everything has been used once before anything is looked at, memory included.
    fill(&system, &job(), 50).await?;
    let mut taker = Taker::connect(&system).await?;
    let empty_kib = system.part("nats")?.memory().resident_kib;
    let mut known = Vec::new();
    for step in steps(context) {
        for round in 1..=context.scale.rounds() {
            tell(&format!("{step} jobs, round {round}: fill"));
            known.extend(bring_to(&system, &mut taker, step).await?);
            system.is_recorded().await?;
            tell(&format!("{step} jobs, round {round}: measure"));
            let asked = spread(known.clone(), KNOWN);
            measure(context, sheet, &system, &mut taker, step, &asked).await?;
        }
        let broker_kib = system.part("nats")?.memory().resident_kib;
        let bytes = broker_kib.saturating_sub(empty_kib) as f64 * 1024.0 / step as f64;
        sheet.add(&row("memory of the broker for each queued job", step), "bytes", bytes);
    }
    taker.close().await;
    system.stop().await;
    Ok(())
}

/// States what the rows are compared with and what they are to reach.
pub(crate) fn state_goals(context: &Context, sheet: &mut Sheet) {
    let steps = steps(context);
    growth::state_goals(sheet, &TIMES, steps, row);
    for step in &steps[1..] {
        sheet.against(&row(KEEPER, *step), &row(KEEPER, steps[0]));
    }
    let each = row("memory of the broker for each queued job", steps[2]);
    sheet.goal(&each, Goal::at_most(BYTES_PER_JOB));
    sheet.remark("Limits of the streams raised: 1.2 million messages, 4 GB");
}

fn steps(context: &Context) -> [usize; 3] {
    context.scale.pick(STEPS, TRIAL)
}

/// Submits what is missing, or takes what is too much; gives ids of jobs that are new.
async fn bring_to(system: &System, taker: &mut Taker, step: usize) -> anyhow::Result<Vec<String>> {
    let queued = usize::try_from(system.queued(STREAM).await?)?;
    if queued > step {
        taker.remove(queued - step).await?;
        return Ok(Vec::new());
    }
    fill(system, &job(), step - queued).await
}

async fn measure(
    context: &Context,
    sheet: &mut Sheet,
    system: &System,
    taker: &mut Taker,
    step: usize,
    known: &[String],
) -> anyhow::Result<()> {
    let submit = probe::submit(context, system, &job()).await?;
    let pull = taker.pulls(context.scale.pick(300, 20)).await?;
    let status = probe::status(context, system, known).await?;
    for (what, times) in TIMES.into_iter().zip([submit, pull, status]) {
        sheet.add(&row(&format!("{what} p50"), step), "ms", times.ms(0.5));
        sheet.pool(&row(&format!("{what} p99"), step), 0.99, &times, None);
    }
    for (figure, part) in [(BROKER, "nats"), (KEEPER, "keeper")] {
        let mib = system.part(part)?.memory().resident_kib as f64 / 1024.0;
        sheet.add(&row(figure, step), "MiB", mib);
    }
    Ok(())
}

fn job() -> serde_json::Value {
    json!({"operation": "diagnostic.echo", "input": {"a": "x".repeat(100)}, "lane": "normal"})
}

fn row(figure: &str, step: usize) -> String {
    format!("{figure}, {step} queued")
}
