//! The whole way of a job that does nothing: submit, run, terminal event, result and ack.

mod compare;
mod drain;
mod latency;

use crate::context::Context;
use crate::http::request;
use crate::report::Sheet;
use crate::system::{Engine, Role, Sync};
use crate::tell;

pub(crate) use self::compare::state_goals;

/// Jobs that the worker runs at once.
const SLOTS: usize = 100;
/// Bytes of each job's payload, as the peers' jobs have.
const PAYLOAD: usize = 1024;

/// Measures.
pub(crate) async fn run(context: &Context, sheet: &mut Sheet) -> anyhow::Result<()> {
    for round in 1..=context.scale.rounds() {
        for sync in [Sync::Default, Sync::Always] {
            tell(&format!("round {round}: drain{}", word(sync)));
            drain::measure(context, sheet, sync).await?;
            tell(&format!("round {round}: pickup{}", word(sync)));
            latency::measure(context, sheet, sync).await?;
        }
        if context.peers_in(sheet, "jobs", round) {
            compare::peers(context, sheet, round).await;
        }
    }
    Ok(())
}

fn worker() -> Role {
    Role::Worker(Engine::Diagnostic { slots: SLOTS })
}

fn job() -> serde_json::Value {
    serde_json::json!({"operation": "diagnostic.echo", "input": {"a": "x".repeat(PAYLOAD)}, "lane": "normal"})
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
