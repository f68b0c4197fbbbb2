//! `millrace workers`

use serde_json::Value;

use super::Client;
use crate::arguments::Api;
use crate::failure::Failure;
use crate::output::{say_json, say_table, text};

pub(crate) async fn run(api: &Api, as_json: bool) -> Result<(), Failure> {
    let answer = Client::new(api)?.get("/v1/admin/workers").await?;
    if as_json {
        say_json(&answer);
        return Ok(());
    }
    say_table(
        &["worker", "version", "capabilities", "running", "slots", "state", "last seen"],
        answer["data"].as_array().into_iter().flatten().map(row).collect(),
        "no workers: attach one with `millrace worker --nats URL`",
    );
    Ok(())
}

fn row(worker: &Value) -> Vec<String> {
    let capabilities = worker["capabilities"].as_object().into_iter().flatten();
    let offers = capabilities
        .map(|(name, models)| format!("{name} ({})", models.as_array().map_or(0, Vec::len)))
        .collect::<Vec<_>>()
        .join(", ");
    let draining = worker["draining"].as_bool().unwrap_or(false);
    vec![
        text(worker, "/worker_id"),
        text(worker, "/version"),
        offers,
        worker["running"].as_array().map_or(0, Vec::len).to_string(),
        text(worker, "/slots"),
        if draining { "draining" } else { "ready" }.to_owned(),
        text(worker, "/seen_at"),
    ]
}
