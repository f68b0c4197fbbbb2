//! How many streams go on at once without a stall, and what each costs.

use std::pin::pin;
use std::time::Duration;

use crate::benches::subject::Subject;
use crate::context::Context;
use crate::cpu::{Meter, Spent, Watched};
use crate::load::Plan;
use crate::mock::GAP;
use crate::report::Sheet;
use crate::tell;

use super::streams::{Found, streams};

/// Streams at once, step by step, until one stalls.
const STEPS: [usize; 4] = [250, 500, 750, 1_000];
/// All streams of a step are opened within this time, and then go on together as long.
const RAMP: Duration = Duration::from_secs(3);
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(100);

struct Step {
    found: Found,
    spent: Vec<Spent>,
    lasted: Duration,
    kib_per_stream: f64,
    tokens: u32,
}

/// Climbs the steps once.
pub(super) async fn measure(
    context: &Context,
    sheet: &mut Sheet,
    name: &str,
    subject: &Subject,
) -> anyhow::Result<()> {
    let row = row(name);
    let mut held = 0;
    let mut why = "no stall at any step".to_owned();
    for count in context.scale.pick(&STEPS[..], &[20]) {
        let step = match climb(context, subject, *count).await {
            Ok(step) => step,
            Err(error) => {
                why = format!("at {count} streams: {error:#}");
                break;
            }
        };
        let front = subject.front().name;
        let cores = step.spent.iter().map(|process| {
            let cores = process.cpu.as_secs_f64() / step.lasted.as_secs_f64();
            (process.name.clone(), cores)
        });
        let cores: Vec<(String, f64)> = cores.collect();
        let used: Vec<String> =
            cores.iter().map(|(name, cores)| format!("{name} {cores:.2}")).collect();
        tell(&format!(
            "{name}, {count} streams: {} stalls, cores: {}",
            step.found.stalls,
            used.join(", ")
        ));
        let stalled = step.found.stalls > 0;
        if Some(count) == STEPS.last() || context.scale.is_smoke() {
            sheet.add(&memory_row(name), "KiB", step.kib_per_stream);
            let of_front =
                cores.iter().find(|(name, _)| *name == front).map_or(0.0, |(_, cores)| *cores);
            sheet.add(&cores_row(name), "cores", of_front);
            sheet.note(&cores_row(name), &format!("of two, in all: {}", used.join(", ")));
        }
        if stalled {
            let gaps = *count as u64 * u64::from(step.tokens - 1);
            why = format!(
                "at {count} streams {} of {gaps} gaps were longer than 120 ms",
                step.found.stalls
            );
            break;
        }
        held = *count;
    }
    sheet.add(&row, "streams", held as f64);
    sheet.note(&row, &why);
    Ok(())
}

async fn climb(context: &Context, subject: &Subject, count: usize) -> anyhow::Result<Step> {
    let ramp = context.scale.lasting(RAMP.as_secs_f64());
    let tokens = (ramp.as_millis() * 2 / GAP.as_millis()) as u32;
    // Wakes up what sleeps, so that memory grows by the streams alone.
    streams(subject, 8, 4, Plan::steady(40.0, context.scale.lasting(0.5))).await?;
    let front = subject.front();
    let idle = front.memory().resident_kib;
    let meter = Meter::start(subject.watched());
    let plan = Plan::steady(count as f64 / ramp.as_secs_f64(), ramp);
    let (outcome, most) = with_most_memory(&front, streams(subject, count, tokens, plan)).await;
    let (measured, found) = outcome?;
    let kib_per_stream = most.saturating_sub(idle) as f64 / count as f64;
    Ok(Step { found, spent: meter.stop(), lasted: measured.elapsed, kib_per_stream, tokens })
}

/// Does something, and gives the most memory that a process had meanwhile, in KiB.
async fn with_most_memory<T>(process: &Watched, load: impl Future<Output = T>) -> (T, u64) {
    let mut load = pin!(load);
    let mut most = 0;
    loop {
        tokio::select! {
            biased;
            outcome = &mut load => return (outcome, most),
            () = tokio::time::sleep(LOOK) => most = most.max(process.memory().resident_kib),
        }
    }
}

/// The row of the streams that went on.
pub(super) fn row(name: &str) -> String {
    format!("{name}: streams at once without a stall")
}

/// The row of their memory.
pub(super) fn memory_row(name: &str) -> String {
    format!("{name}: memory of a stream at 1,000")
}

/// The row of their processor time.
pub(super) fn cores_row(name: &str) -> String {
    format!("{name}: cores of the front process at 1,000")
}
