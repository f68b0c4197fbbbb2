//! The whole way of a job that does nothing: submit, run, terminal event, result and ack.

mod compare;
mod drain;
mod latency;

use crate::context::Context;
use crate::http::request;
use crate::report::Sheet;
use crate::system::{Engine, Role, Sync};
use crate::tell;

/// Jobs that the worker runs at once.
const SLOTS: usize = 100;
/// Bytes of each job's input, so that a request has about 1 KiB.
const INPUT: usize = 900;

/// Measures.
pub(crate) async fn run(context: &Context) -> anyhow::Result<Sheet> {
    let mut sheet = Sheet::default();
    for round in 1..=context.scale.rounds() {
        for sync in [Sync::Default, Sync::Always] {
            tell(&format!("round {round}: drain{}", word(sync)));
            drain::measure(context, &mut sheet, sync).await?;
            tell(&format!("round {round}: pickup{}", word(sync)));
            latency::measure(context, &mut sheet, sync).await?;
        }
        compare::peers(context, &mut sheet).await;
    }
    compare::state_goals(&mut sheet, context.peers);
    Ok(sheet)
}

fn worker() -> Role {
    Role::Worker(Engine::Diagnostic { slots: SLOTS })
}

fn job() -> serde_json::Value {
    serde_json::json!({"operation": "diagnostic.echo", "input": {"a": "x".repeat(INPUT)}, "lane": "normal"})
}

fn submit(key: &str) -> bytes::Bytes {
    request("POST", "/v1/jobs", key, job().to_string().as_bytes())
}

/// How a row says which setting of the broker it is of.
fn word(sync: Sync) -> &'static str {
    match sync {
        Sync::Default => "",
        Sync::Always => ", fsync before every ack",
    }
}
