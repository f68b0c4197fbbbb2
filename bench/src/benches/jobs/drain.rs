//! How many jobs a second one worker runs from a prepared backlog.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;

use crate::benches::fill::{all_succeeded, fill, spread};
use crate::context::Context;
use crate::cpu::Meter;
use crate::raw;
use crate::report::Sheet;
use crate::system::{Role, SENTINELS, Sync, System};

use super::{job, word, worker};

/// The queue of the jobs.
const STREAM: &str = "JOBS_diagnostic";
/// How often the queue is looked at.
const LOOK: Duration = Duration::from_millis(10);
/// Jobs of which it is asked whether they have succeeded.
const SAMPLE: usize = 200;
/// How long the backlog may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// One round.
pub(super) async fn measure(
    context: &Context,
    sheet: &mut Sheet,
    sync: Sync,
) -> anyhow::Result<()> {
    let scale = context.scale;
    let mut system = context.system(sync, &[]).await?;
    let lasting = scale.lasting(1.5);
    let stores = raw::publish(&system.broker, 4, 256, scale.warm_up(), lasting).await?.per_second();
    let count = scale.pick(if sync == Sync::Always { 15_000 } else { 40_000 }, 500);
    let pulled = raw::pull(&system.broker, count).await?;
    let publish = format!("raw JetStream publish, 256 at once over 4 connections{}", word(sync));
    sheet.add(&publish, "msg/s", stores);
    sheet.add(&format!("raw JetStream pull and ack{}", word(sync)), "msg/s", pulled);

    system.add(Role::Gateway).await?;
    system.add(Role::Keeper).await?;
    let count = scale.pick(if sync == Sync::Always { 15_000 } else { 30_000 }, 300);
    let known = fill(&system, &job(), count).await?;
    system.is_recorded().await?;

    let before = system.steps().await?;
    let mut meter = Meter::start(system.watched());
    system.add(worker()).await?;
    meter.watch_from_birth(system.part("worker")?);
    let (done, took) = drain(&system, count).await?;
    let ended = Instant::now();
    system.is_recorded().await?;
    let until_recorded = took + ended.elapsed();
    let spent = meter.stop();
    let steps = system.steps().await?.since(before);
    all_succeeded(&system, &spread(known, SAMPLE)).await?;

    let (row, recorded) = (row(sync), recorded_row(sync));
    sheet.add(&row, "jobs/s", done / took.as_secs_f64());
    sheet.spent(&row, &spent, count as u64);
    sheet.add(&recorded, "jobs/s", done / until_recorded.as_secs_f64());
    sheet.add(&limit_row(sync), "jobs/s", steps.limit(count as u64, stores, pulled));
    let each = |steps: u64| steps as f64 / count as f64;
    sheet.note(
        &limit_row(sync),
        &format!(
            "each job: {:.1} messages stored, {:.1} delivered, records included",
            each(steps.stored),
            each(steps.delivered)
        ),
    );
    system.stop().await;
    Ok(())
}

/// Jobs that went from the first look that finds some done to the one that finds the queue empty, and how long that took.
async fn drain(system: &System, count: usize) -> anyhow::Result<(f64, Duration)> {
    let context = async_nats::jetstream::new(system.broker.connect().await?);
    let mut stream = context.get_stream(STREAM).await?;
    let until = Instant::now() + PATIENCE;
    let mut first: Option<(u64, Instant)> = None;
    loop {
        let left = stream.info().await?.state.messages.saturating_sub(SENTINELS);
        let now = Instant::now();
        if left < count as u64 && first.is_none() {
            first = Some((left, now));
        }
        if left == 0 {
            let (left, begun) = first.context("the queue was never full")?;
            // A queue that was empty at the first look was drained faster than could be seen.
            return Ok((left.max(1) as f64, (now - begun).max(LOOK)));
        }
        anyhow::ensure!(now < until, "{left} jobs are still queued");
        tokio::time::sleep(LOOK).await;
    }
}

/// The row of the drain.
pub(super) fn row(sync: Sync) -> String {
    format!("drain, one worker{}", word(sync))
}

/// The row of the same until the last job is recorded.
pub(super) fn recorded_row(sync: Sync) -> String {
    format!("{}: until recorded", row(sync))
}

/// The row of what it could be by its steps.
pub(super) fn limit_row(sync: Sync) -> String {
    format!("its NATS steps one after the other at raw cost{}", word(sync))
}
