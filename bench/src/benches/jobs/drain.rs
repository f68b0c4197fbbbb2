//! How many jobs a second one worker runs from a prepared backlog.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;

use crate::benches::fill::fill;
use crate::context::Context;
use crate::cpu::Meter;
use crate::raw;
use crate::report::Sheet;
use crate::system::{Role, Sync, System};

use super::{job, word, worker};

/// The queue of the jobs.
const STREAM: &str = "JOBS_diagnostic";
/// How often the queue is looked at.
const LOOK: Duration = Duration::from_millis(10);
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
    let stores = raw::best(&system.broker, 64, scale.warm_up(), scale.lasting(1.5)).await?;
    let count = scale.pick(10_000, 500);
    let pulled = count as f64 / raw::pull(&system.broker, count).await?.as_secs_f64();
    sheet.add(
        &format!("raw JetStream publish, 64 at once{}", word(sync)),
        "msg/s",
        stores.per_second(),
    );
    sheet.add(&format!("raw JetStream pull and ack{}", word(sync)), "msg/s", pulled);

    system.add(Role::Gateway).await?;
    system.add(Role::Keeper).await?;
    let count = scale.pick(if sync == Sync::Always { 15_000 } else { 30_000 }, 300);
    fill(&system, &job(), count).await?;
    system.is_recorded().await?;

    let before = system.steps().await?;
    let mut meter = Meter::start(system.watched());
    system.add(worker()).await?;
    meter.watch_from_birth(system.part("worker")?);
    let rate = drain(&system, count).await?;
    system.is_recorded().await?;
    let spent = meter.stop();
    let steps = system.steps().await?.since(before);

    let row = row(sync);
    sheet.add(&row, "jobs/s", rate);
    sheet.spent(&row, &spent, count as u64);
    let limit = steps.limit(count as u64, stores.per_second(), pulled);
    sheet.add(&limit_row(sync), "jobs/s", limit);
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

/// Jobs a second from the first look that finds some done to the one that finds the queue empty.
async fn drain(system: &System, count: usize) -> anyhow::Result<f64> {
    let context = async_nats::jetstream::new(system.broker.connect().await?);
    let mut stream = context.get_stream(STREAM).await?;
    let until = Instant::now() + PATIENCE;
    let mut first: Option<(u64, Instant)> = None;
    loop {
        let left = stream.info().await?.state.messages;
        let now = Instant::now();
        if left < count as u64 && first.is_none() {
            first = Some((left, now));
        }
        if left == 0 {
            let (left, begun) = first.context("the queue was never full")?;
            // A queue that was empty at the first look was drained faster than could be seen.
            let seconds = (now - begun).as_secs_f64().max(LOOK.as_secs_f64());
            return Ok(left.max(1) as f64 / seconds);
        }
        anyhow::ensure!(now < until, "{left} jobs are still queued");
        tokio::time::sleep(LOOK).await;
    }
}

/// The row of the drain.
pub(super) fn row(sync: Sync) -> String {
    format!("drain, one worker{}", word(sync))
}

/// The row of its limit.
pub(super) fn limit_row(sync: Sync) -> String {
    format!("limit of a drain: its NATS steps at raw cost{}", word(sync))
}
