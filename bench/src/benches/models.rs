//! Whether many model queues make anything slower: jobs for 10, 200 and 1,000 models in turn.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::fill::spread;
use super::growth::{self, BROKER};
use super::pickup::pickup;
use super::probe;
use crate::context::Context;
use crate::http::{Connection, request};
use crate::load::Plan;
use crate::mock::model_name;
use crate::report::Sheet;
use crate::system::{Engine, Mock, Role, Sync, System};
use crate::tell;

/// Models, step by step.
const STEPS: [usize; 3] = [10, 200, 1_000];
/// Those of a trial.
const TRIAL: [usize; 3] = [2, 3, 5];
/// Jobs a second, and at once.
const RATE: f64 = 200.0;
const SLOTS: usize = 64;
/// Jobs of one request while the queues are made.
const BATCH: usize = 50;
/// How long the first jobs of all models may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The queue of the jobs.
const STREAM: &str = "JOBS_llm";

/// The times that are measured at each step.
const TIMES: [&str; 3] = ["submit", "pickup", "status"];
/// Jobs whose status is asked for in turn, at each step as many.
const KNOWN: usize = 10;

/// Measures.
pub(crate) async fn run(context: &Context, sheet: &mut Sheet) -> anyhow::Result<()> {
    for step in steps(context) {
        tell(&format!("{step} models"));
        let mock = Mock::start(&context.work, step).await?;
        let mut system = context.system(Sync::Default, &[]).await?;
        let worker = Role::Worker(Engine::Llm { url: mock.url(), slots: SLOTS });
        for role in [Role::Gateway, Role::Keeper, worker] {
            system.add(role).await?;
        }
        system.offers(step).await?;
        let known = spread(make_queues(&system, step).await?, KNOWN);
        for _ in 0..context.scale.rounds() {
            measure(context, sheet, &system, step, &known).await?;
        }
        system.stop().await;
        mock.stop().await;
    }
    Ok(())
}

/// States what the rows are compared with and what they are to reach.
pub(crate) fn state_goals(context: &Context, sheet: &mut Sheet) {
    growth::state_goals(sheet, &TIMES, steps(context), row);
}

fn steps(context: &Context) -> [usize; 3] {
    context.scale.pick(STEPS, TRIAL)
}

/// One job for every model, run to its end: its queue is there from then on. Gives some of the jobs.
async fn make_queues(system: &System, models: usize) -> anyhow::Result<Vec<String>> {
    let mut connection = Connection::new(system.address()?);
    let mut known = Vec::new();
    let jobs: Vec<serde_json::Value> = (0..models).map(|index| job(models, index)).collect();
    for batch in jobs.chunks(BATCH) {
        let body = json!({"jobs": batch}).to_string();
        let request = request("POST", "/v1/jobs/batch", system.key(), body.as_bytes());
        let answer = connection.call(&request).await?.expect(200)?;
        let accepted = answer.json()?["accepted"].as_u64().unwrap_or_default();
        anyhow::ensure!(
            accepted == batch.len() as u64,
            "{accepted} of {} jobs were accepted",
            batch.len()
        );
        known.extend(answer.ids());
    }
    let until = Instant::now() + PATIENCE;
    loop {
        let left = system.queued(STREAM).await?;
        if left == 0 {
            return Ok(known);
        }
        anyhow::ensure!(Instant::now() < until, "{left} jobs are still queued");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn measure(
    context: &Context,
    sheet: &mut Sheet,
    system: &System,
    step: usize,
    known: &[String],
) -> anyhow::Result<()> {
    let submit =
        |index| request("POST", "/v1/jobs", system.key(), job(step, index).to_string().as_bytes());
    let requests = (0..step).map(submit).collect();
    let plan = Plan::steady(RATE, context.scale.lasting(4.0));
    let found = pickup(system, requests, context.scale.warm_up(), plan).await?;
    let status = probe::status(context, system, known).await?;
    for (what, times) in TIMES.into_iter().zip([&found.accepted, &found.started, &status]) {
        sheet.add(&row(&format!("{what} p50"), step), "ms", times.ms(0.5));
        sheet.pool(&row(&format!("{what} p99"), step), 0.99, times, None);
    }
    let mib = system.part("nats")?.memory().resident_kib as f64 / 1024.0;
    sheet.add(&row(BROKER, step), "MiB", mib);
    sheet.spent(&row("pickup p50", step), &found.spent, found.jobs);
    Ok(())
}

fn job(models: usize, index: usize) -> serde_json::Value {
    let messages = [json!({"role": "user", "content": "x".repeat(900)})];
    json!({
        "operation": "chat", "model": model_name(models, index), "lane": "normal",
        "input": {"messages": messages},
    })
}

fn row(figure: &str, step: usize) -> String {
    format!("{figure}, {step} models")
}
