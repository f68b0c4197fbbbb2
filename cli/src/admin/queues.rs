//! `millrace queues`

use serde_json::Value;

use super::Client;
use crate::arguments::Api;
use crate::failure::Failure;
use crate::output::{say, say_json, say_table, text};

pub(crate) async fn run(api: &Api, as_json: bool) -> Result<(), Failure> {
    let answer = Client::new(api)?.get("/v1/admin/queues").await?;
    if as_json {
        say_json(&answer);
        return Ok(());
    }
    say_table(
        &["capability", "model", "lane", "waiting", "running", "delivered"],
        rows(
            &answer["data"],
            &["/capability", "/model", "/lane", "/waiting", "/in_flight", "/delivered_total"],
        ),
        "no queues yet: one is made when a model is first asked for",
    );
    say("");
    say_table(
        &["stream", "messages", "bytes", "max messages", "max bytes"],
        rows(&answer["streams"], &["/name", "/messages", "/bytes", "/max_messages", "/max_bytes"]),
        "no streams",
    );
    Ok(())
}

fn rows(list: &Value, paths: &[&str]) -> Vec<Vec<String>> {
    list.as_array()
        .into_iter()
        .flatten()
        .map(|item| paths.iter().map(|path| text(item, path)).collect())
        .collect()
}
