//! How many streams go on at once without a stall, and what each costs.

use std::pin::pin;
use std::time::Duration;

use crate::benches::subject::Subject;
use crate::context::Context;
use crate::cpu::{Meter, Pids, Spent};
use crate::load::Plan;
use crate::mock::GAP;
use crate::report::{Sheet, cores as cores_of_machine};
use crate::tell;

use super::PEERS;
use super::streams::{Found, made, new, streams};

/// Streams at once: for what is to carry a thousand, these one after the other until none stalls.
const DOWN: [usize; 4] = [1_000, 750, 500, 250];
/// For peers, these until one stalls: a thousand streams through a process that carries a hundred take minutes.
const UP: [usize; 2] = [250, 1_000];
/// All streams of a step are opened within this time, and then go on together as long.
const RAMP: Duration = Duration::from_secs(3);
/// How often memory is looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long one step may take.
const PATIENCE: Duration = Duration::from_secs(30);

struct Step {
    found: Found,
    spent: Vec<Spent>,
    lasted: Duration,
    front_kib: u64,
    all_kib: u64,
    tokens: u32,
}

/// Memory before anything was served.
struct Idle {
    front: Pids,
    all: Pids,
    front_kib: u64,
    all_kib: u64,
}

/// Tries once how many streams a freshly started subject carries.
pub(super) async fn measure(
    context: &Context,
    sheet: &mut Sheet,
    name: &str,
    subject: &Subject,
) -> anyhow::Result<()> {
    let idle = Idle::of(subject);
    let peer = PEERS.contains(&name);
    let steps: &[usize] = if peer { &UP } else { &DOWN };
    let (mut held, mut why) = (0, None);
    for count in context.scale.pick(steps, &[20]) {
        let outcome = tokio::time::timeout(PATIENCE, climb(context, subject, *count, &idle)).await;
        let stalled = match outcome.unwrap_or_else(|_| Err(anyhow::anyhow!("took too long"))) {
            Ok(step) => {
                note(sheet, name, subject, *count, &step, &idle);
                let gaps = *count as u64 * u64::from(step.tokens - 1);
                (step.found.stalls > 0).then(|| {
                    let stalls = step.found.stalls;
                    format!("at {count} streams {stalls} of {gaps} gaps were longer than 120 ms")
                })
            }
            Err(error) => Some(format!("at {count} streams: {error:#}")),
        };
        if stalled.is_none() {
            held = *count;
        }
        let done = stalled.is_some() == peer;
        why = stalled.or(why);
        if done {
            break;
        }
    }
    sheet.add(&row(name), "streams", held as f64);
    sheet.note(&row(name), why.as_deref().unwrap_or("no stall; more were not tried"));
    Ok(())
}

impl Idle {
    fn of(subject: &Subject) -> Self {
        let front = subject.front().find();
        let all = Pids::of(&subject.own());
        let (front_kib, all_kib) = (front.resident_kib(), all.resident_kib());
        Self { front, all, front_kib, all_kib }
    }
}

/// Memory and processor time of a step; of the greatest that went through.
fn note(sheet: &mut Sheet, name: &str, subject: &Subject, count: usize, step: &Step, idle: &Idle) {
    let cores = |process: &Spent| process.cpu.as_secs_f64() / step.lasted.as_secs_f64();
    let used: Vec<String> = step
        .spent
        .iter()
        .map(|process| format!("{} {:.2}", process.name, cores(process)))
        .collect();
    let used = used.join(", ");
    tell(&format!("{name}, {count} streams: {} stalls, cores: {used}", step.found.stalls));
    if sheet.median(&cores_row(name)).is_some() {
        return;
    }
    let own: Vec<String> = subject.own().into_iter().map(|process| process.name).collect();
    let of_own =
        step.spent.iter().filter(|process| own.contains(&process.name)).map(cores).sum::<f64>();
    let each = |most: u64, idle: u64| most.saturating_sub(idle) as f64 / count as f64;
    sheet.add(&memory_row(name), "KiB", each(step.front_kib, idle.front_kib));
    sheet.add(&all_memory_row(name), "KiB", each(step.all_kib, idle.all_kib));
    sheet.add(&cores_row(name), "cores", of_own);
    sheet.spent(&cores_row(name), &step.spent, count as u64 * u64::from(step.tokens));
    for row in [memory_row(name), all_memory_row(name)] {
        sheet.note(&row, &format!("at {count} streams, from before the first request"));
    }
    let machine = cores_of_machine();
    sheet.note(
        &cores_row(name),
        &format!("at {count} streams, of the {machine} that all share: {used}; processor time is that of a token"),
    );
}

async fn climb(
    context: &Context,
    subject: &Subject,
    count: usize,
    idle: &Idle,
) -> anyhow::Result<Step> {
    let ramp = context.scale.lasting(RAMP.as_secs_f64());
    let tokens = (ramp.as_millis() * 2 / GAP.as_millis()) as u32;
    // Wakes up what sleeps.
    drop(made(subject, 4).await?);
    let meter = Meter::start(subject.watched());
    let plan = Plan::steady(count as f64 / ramp.as_secs_f64(), ramp);
    let load = streams(new(subject, count), subject, tokens, plan);
    let (outcome, front_kib, all_kib) = with_most_memory(idle, load).await;
    let (measured, found) = outcome?;
    Ok(Step { found, spent: meter.stop(), lasted: measured.elapsed, front_kib, all_kib, tokens })
}

/// Does something, and gives the most memory that the front process and all had meanwhile, in KiB.
async fn with_most_memory<T>(idle: &Idle, load: impl Future<Output = T>) -> (T, u64, u64) {
    let mut load = pin!(load);
    let (mut front, mut all) = (0, 0);
    loop {
        tokio::select! {
            biased;
            outcome = &mut load => return (outcome, front, all),
            () = tokio::time::sleep(LOOK) => {
                front = front.max(idle.front.resident_kib());
                all = all.max(idle.all.resident_kib());
            }
        }
    }
}

/// The row of the streams that went on.
pub(super) fn row(name: &str) -> String {
    format!("{name}: streams at once without a stall")
}

/// The row of the front process' memory.
pub(super) fn memory_row(name: &str) -> String {
    format!("{name}: memory of a stream, front process")
}

/// The row of all memory.
pub(super) fn all_memory_row(name: &str) -> String {
    format!("{name}: memory of a stream, all processes")
}

/// The row of the processor time of all.
pub(super) fn cores_row(name: &str) -> String {
    format!("{name}: cores of all its processes")
}
