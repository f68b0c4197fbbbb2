//! How many queued jobs a second are accepted, each acked by the broker before its 202. Nobody pulls meanwhile.

mod compare;
mod rows;

use std::time::Duration;

use bytes::Bytes;
use tokio::time::Instant;

use crate::context::Context;
use crate::cpu::Meter;
use crate::http::request;
use crate::load::{Plan, closed, open};
use crate::raw;
use crate::report::Sheet;
use crate::system::{Role, Sync, System};
use crate::tell;

pub(crate) use self::compare::state_goals;
use self::rows::Setting;
use super::call::Call;

/// Connections of the callers.
const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// The most of them.
const MOST: usize = 64;
/// Jobs of one bulk request, and the connections that send such.
const BULK: usize = 500;
const BULK_CONNECTIONS: usize = 4;
/// Publishes that the bulk route has under way at most: 64 for each connection.
const BULK_AT_ONCE: usize = 256;
/// Bytes of each job's payload, as the peers' jobs and the raw messages have.
const PAYLOAD: usize = 1024;
/// Submits a second while latencies are measured, and the connections for them.
const OPEN_RATE: f64 = 1_000.0;
const OPEN_CONNECTIONS: usize = 16;
const OURS: &str = "one by one";
const RAW: &str = "raw JetStream publish";

/// Measures.
pub(crate) async fn run(context: &Context, sheet: &mut Sheet) -> anyhow::Result<()> {
    for round in 1..=context.scale.rounds() {
        for setting in [Setting::PLAIN, Setting::DURABLE] {
            tell(&format!("round {round}: raw, {:?} sync", setting.sync));
            measure_raw(context, sheet, setting.sync).await?;
        }
        for setting in [Setting::PLAIN, Setting::DURABLE, Setting::ALONE, Setting::LOGGING] {
            tell(&format!("round {round}: {}", rows::single(MOST, setting)));
            singles(context, sheet, setting).await?;
            if !setting.logs {
                bulk(context, sheet, setting).await?;
            }
        }
        if context.peers_in(sheet, "submit", round) {
            compare::peers(context, sheet).await;
        }
    }
    Ok(())
}

/// Over one connection, which shares its flushes best, and over several, which use more of the server.
async fn measure_raw(context: &Context, sheet: &mut Sheet, sync: Sync) -> anyhow::Result<()> {
    let scale = context.scale;
    let system = context.system(sync, &[]).await?;
    for (at_once, connections) in raw_cases(sync) {
        let meter = Meter::start(system.watched());
        let lasting = (scale.warm_up() / 2, scale.lasting(1.5));
        let found =
            raw::publish(&system.broker, connections, at_once, lasting.0, lasting.1).await?;
        let spent = meter.stop();
        let row = rows::raw(at_once, connections, sync);
        sheet.add(&row, "msg/s", found.per_second());
        // The warm-up is in the cost, and its messages are counted with it.
        sheet.spent(&row, &spent, found.with_warm_up);
    }
    if sync == Sync::Default {
        let plan = Plan::steady(OPEN_RATE, scale.lasting(2.0));
        let found = raw::publish_steadily(&system.broker, OPEN_CONNECTIONS, plan).await?;
        sheet.pool(&rows::open(RAW, 50), 0.5, &found.latencies, None);
        sheet.pool(&rows::open(RAW, 99), 0.99, &found.latencies, None);
    }
    system.stop().await;
    Ok(())
}

/// How many publishes are under way, over how many connections.
fn raw_cases(sync: Sync) -> Vec<(usize, usize)> {
    let all = [(1, 1), (16, 1), (16, 4), (64, 1), (64, 4), (256, 1), (256, 4)];
    let durable = |at_once| sync == Sync::Default || at_once >= MOST;
    all.into_iter().filter(|(at_once, _)| durable(*at_once)).collect()
}

async fn singles(context: &Context, sheet: &mut Sheet, setting: Setting) -> anyhow::Result<()> {
    let system = start(context, setting).await?;
    let body = job().to_string();
    let request = request("POST", "/v1/jobs", system.key(), body.as_bytes());
    let address = system.address()?;
    let calls = |count| Call::many(count, || Call::new(address, request.clone(), 202, 1));
    let plain = setting == Setting::PLAIN;
    for connections in CONNECTIONS.into_iter().filter(|count| plain || *count == MOST) {
        let row = rows::single(connections, setting);
        measure(context, sheet, &system, setting, &row, calls(connections)).await?;
    }
    if plain {
        let (calls, _) = closed(calls(OPEN_CONNECTIONS), context.scale.warm_up() / 5).await;
        system.is_recorded().await?;
        let plan = Plan::steady(OPEN_RATE, context.scale.lasting(2.0));
        let (_, measured) = open(calls, plan).await;
        let found = measured.faultless("submits at a steady rate")?;
        sheet.pool(&rows::open(OURS, 50), 0.5, &found.latencies, None);
        sheet.pool(&rows::open(OURS, 99), 0.99, &found.latencies, None);
    }
    system.stop().await;
    Ok(())
}

async fn bulk(context: &Context, sheet: &mut Sheet, setting: Setting) -> anyhow::Result<()> {
    let system = start(context, setting).await?;
    let jobs = context.scale.pick(BULK, 20);
    let body = serde_json::json!({"jobs": vec![job(); jobs]}).to_string();
    let request: Bytes = request("POST", "/v1/jobs/batch", system.key(), body.as_bytes());
    let address = system.address()?;
    let calls =
        Call::many(BULK_CONNECTIONS, || Call::new(address, request.clone(), 200, jobs as u64));
    measure(context, sheet, &system, setting, &rows::bulk(setting), calls).await?;
    system.stop().await;
    Ok(())
}

/// Warms up and measures one closed load. Nothing of what came before is left to be recorded, and the cost is that of
/// submits and of their records.
async fn measure(
    context: &Context,
    sheet: &mut Sheet,
    system: &System,
    setting: Setting,
    row: &str,
    calls: Vec<Call>,
) -> anyhow::Result<()> {
    let (calls, _) = closed(calls, context.scale.warm_up()).await;
    catch_up(system, setting).await?;
    let meter = Meter::start(system.watched());
    let (_, measured) = closed(calls, context.scale.lasting(2.5)).await;
    let late = catch_up(system, setting).await?;
    let spent = meter.stop();
    let measured = measured.faultless(row)?;
    sheet.add(row, "jobs/s", measured.per_second());
    if setting.keeper {
        let until = (measured.elapsed + late).as_secs_f64();
        sheet.add(&rows::recorded(row), "jobs/s", measured.done as f64 / until);
    }
    sheet.spent(row, &spent, measured.done);
    Ok(())
}

/// Waits for the keeper, and gives how long.
async fn catch_up(system: &System, setting: Setting) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    if setting.keeper {
        system.is_recorded().await?;
    }
    Ok(begun.elapsed())
}

async fn start(context: &Context, setting: Setting) -> anyhow::Result<System> {
    let log: &[_] = if setting.logs { &[("telemetry.log", "info")] } else { &[] };
    let mut system = context.system(setting.sync, log).await?;
    system.add(Role::Gateway).await?;
    if setting.keeper {
        system.add(Role::Keeper).await?;
    }
    Ok(system)
}

fn job() -> serde_json::Value {
    serde_json::json!({"operation": "diagnostic.echo", "input": {"a": "x".repeat(PAYLOAD)}, "lane": "normal"})
}
