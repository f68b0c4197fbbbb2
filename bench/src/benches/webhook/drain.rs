//! How many deliveries a second one dispatcher makes from a prepared backlog.

use std::time::Duration;

use anyhow::Context as _;
use tokio::time::Instant;

use super::{Crowd, Receivers, job, start};
use crate::benches::fill::{all_succeeded, spread};
use crate::context::Context;
use crate::cpu::Meter;
use crate::http::{Connection, request};
use crate::report::Sheet;
use crate::system::{Role, System};

/// Where deliveries wait.
const STREAM: &str = "WEBHOOKS";
/// Jobs of one request.
const BATCH: usize = 500;
/// Jobs of which it is asked whether they have succeeded.
const SAMPLE: usize = 100;
/// How long jobs may take to become deliveries, and deliveries to arrive.
const PATIENCE: Duration = Duration::from_secs(60);

/// One round.
pub(super) async fn measure(
    context: &Context,
    sheet: &mut Sheet,
    crowd: Crowd,
) -> anyhow::Result<()> {
    let count = match crowd {
        Crowd::One => 3_000,
        Crowd::Alone => 4_800,
        // As many of them are looked at.
        Crowd::Healthy | Crowd::Mixed => 8_000,
    };
    let count = context.scale.pick(count, 200);
    let mut system = start(context).await?;
    let receivers = Receivers::start(&crowd.kinds()).await?;
    fill(&system, &receivers, count).await?;

    let mut meter = Meter::start(system.watched());
    system.add(Role::Dispatcher).await?;
    meter.watch_from_birth(system.part("dispatcher")?);
    let watched = (0..count).filter(|number| crowd.watches(*number)).count();
    let arrived =
        receivers.arrivals.wait(watched, PATIENCE, |number| crowd.watches(number)).await?;
    let spent = meter.stop();
    let moments = || arrived.iter().map(|(_, at)| *at);
    let (first, last) = (moments().min(), moments().max());
    let lasted = last.zip(first).map(|(last, first)| last - first).context("nothing arrived")?;
    let row = row(crowd);
    sheet.add(&row, "deliveries/s", watched as f64 / lasted.as_secs_f64().max(1e-3));
    // Where some are dead or slow, nobody knows how many attempts the cost is of.
    if crowd != Crowd::Mixed {
        sheet.spent(&row, &spent, count as u64);
    }
    // Slow answers would be waited for at the stop.
    drop(receivers);
    system.stop().await;
    Ok(())
}

/// Runs so many jobs to their end, and waits until each has its delivery.
async fn fill(system: &System, receivers: &Receivers, count: usize) -> anyhow::Result<()> {
    let mut connection = Connection::new(system.address()?);
    let mut known = Vec::new();
    for first in (0..count).step_by(BATCH) {
        let jobs: Vec<_> =
            (first..count.min(first + BATCH)).map(|number| job(receivers, number)).collect();
        let body = serde_json::json!({"jobs": jobs}).to_string();
        let request = request("POST", "/v1/jobs/batch", system.key(), body.as_bytes());
        let answer = connection.call(&request).await?.expect(200)?;
        known.extend(answer.ids());
        let answer = answer.json()?;
        anyhow::ensure!(answer["refused"] == 0, "jobs were refused: {}", answer["data"][0]);
    }
    let until = Instant::now() + PATIENCE;
    while system.messages(STREAM).await? < count as u64 {
        anyhow::ensure!(Instant::now() < until, "not every job has become a delivery in time");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    system.is_recorded().await?;
    all_succeeded(system, &spread(known, SAMPLE)).await
}

/// The row of a crowd.
pub(super) fn row(crowd: Crowd) -> String {
    format!("backlog: {}", crowd.words())
}
