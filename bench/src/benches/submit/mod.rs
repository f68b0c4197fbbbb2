//! How many queued jobs a second are accepted, each acked by the broker before its 202. Nobody pulls meanwhile.

mod compare;

use crate::context::Context;
use crate::cpu::Meter;
use crate::http::request;
use crate::load::{Measured, closed};
use crate::raw;
use crate::report::Sheet;
use crate::system::{Role, Sync, System};
use crate::tell;

use super::call::Call;

/// Connections of the callers.
const CONNECTIONS: [usize; 3] = [1, 16, 64];
/// Jobs of one bulk request, and the connections that send such.
const BULK: usize = 500;
const BULK_CONNECTIONS: usize = 4;
/// Bytes of each job's input, so that a request has about 1 KiB.
const INPUT: usize = 900;

/// Measures.
pub(crate) async fn run(context: &Context) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::default();
    for round in 1..=context.scale.rounds() {
        tell(&format!("round {round}: raw"));
        measure_raw(context, &mut sheet).await?;
        for keeper in [true, false] {
            tell(&format!("round {round}: Millrace{}", without(keeper)));
            measure_singles(context, &mut sheet, keeper).await?;
            measure_bulk(context, &mut sheet, keeper).await?;
        }
        compare::peers(context, &mut sheet).await;
    }
    compare::state_goals(&mut sheet, context.peers);
    Ok(sheet)
}

async fn measure_raw(context: &Context, sheet: &mut Sheet) -> anyhow::Result<()> {
    let scale = context.scale;
    let system = context.system(Sync::Default, &[]).await?;
    for connections in CONNECTIONS {
        let raw =
            raw::best(&system.broker, connections, scale.warm_up(), scale.lasting(2.0)).await?;
        sheet.add(&raw_row(connections), "msg/s", raw.per_second());
    }
    system.stop().await;
    Ok(())
}

async fn measure_singles(context: &Context, sheet: &mut Sheet, keeper: bool) -> anyhow::Result<()> {
    let system = start(context, keeper).await?;
    let body = job().to_string();
    let request = request("POST", "/v1/jobs", system.key(), body.as_bytes());
    let address = system.address()?;
    for connections in CONNECTIONS {
        let calls = Call::many(connections, || Call::new(address, request.clone(), 202, 1));
        let row = single_row(connections, keeper);
        let measured = measure(context, sheet, &system, &row, calls).await?;
        let latency = format!("{row}: latency");
        sheet.add(&format!("{latency} p50"), "ms", measured.latencies.ms(0.5));
        sheet.add(&format!("{latency} p99"), "ms", measured.latencies.ms(0.99));
    }
    system.stop().await;
    Ok(())
}

async fn measure_bulk(context: &Context, sheet: &mut Sheet, keeper: bool) -> anyhow::Result<()> {
    let system = start(context, keeper).await?;
    let jobs = context.scale.pick(BULK, 20);
    let body = serde_json::json!({"jobs": vec![job(); jobs]}).to_string();
    let request = request("POST", "/v1/jobs/batch", system.key(), body.as_bytes());
    let address = system.address()?;
    let calls =
        Call::many(BULK_CONNECTIONS, || Call::new(address, request.clone(), 200, jobs as u64));
    measure(context, sheet, &system, &bulk_row(keeper), calls).await?;
    system.stop().await;
    Ok(())
}

/// Warms up and measures one closed load.
async fn measure(
    context: &Context,
    sheet: &mut Sheet,
    system: &System,
    row: &str,
    calls: Vec<Call>,
) -> anyhow::Result<Measured> {
    let (calls, _) = closed(calls, context.scale.warm_up()).await;
    let meter = Meter::start(system.watched());
    let (_, measured) = closed(calls, context.scale.lasting(2.5)).await;
    let spent = meter.stop();
    let measured = measured.faultless(row)?;
    sheet.add(row, "jobs/s", measured.per_second());
    sheet.spent(row, &spent, measured.done);
    Ok(measured)
}

async fn start(context: &Context, keeper: bool) -> anyhow::Result<System> {
    let mut system = context.system(Sync::Default, &[]).await?;
    system.add(Role::Gateway).await?;
    if keeper {
        system.add(Role::Keeper).await?;
    }
    Ok(system)
}

fn job() -> serde_json::Value {
    serde_json::json!({"operation": "diagnostic.echo", "input": {"a": "x".repeat(INPUT)}, "lane": "normal"})
}

fn raw_row(connections: usize) -> String {
    format!("raw JetStream publish, {connections} at once")
}

fn single_row(connections: usize, keeper: bool) -> String {
    let plural = if connections == 1 { "" } else { "s" };
    format!("one by one, {connections} connection{plural}{}", without(keeper))
}

fn bulk_row(keeper: bool) -> String {
    format!("bulk, {BULK} jobs a request{}", without(keeper))
}

fn without(keeper: bool) -> &'static str {
    if keeper { "" } else { ", no keeper" }
}
