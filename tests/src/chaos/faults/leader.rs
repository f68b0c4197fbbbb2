//! Leaders give their places away.

use std::time::Duration;

use anyhow::Context as _;
use async_nats::Client;
use serde_json::Value;
use tokio::time::{Instant, sleep};

use crate::chaos::world::World;

/// How long servers may take to choose another leader.
const PATIENCE: Duration = Duration::from_secs(5);
/// The pause between two looks at who leads.
const PAUSE: Duration = Duration::from_millis(100);

/// The leader of a stream, or of one of its consumers, steps down. Tells whether another one leads then; the same may
/// be chosen again. Without a leader there is nobody to ask, which is an error.
pub(super) async fn of_stream(
    world: &World,
    stream: &str,
    consumer: Option<&str>,
) -> anyhow::Result<bool> {
    let client = world.cluster.connect().await.context("no server answers")?;
    let (what, name) = match consumer {
        None => ("STREAM", stream.to_owned()),
        Some(consumer) => ("CONSUMER", format!("{stream}.{consumer}")),
    };
    let info = format!("$JS.API.{what}.INFO.{name}");
    let step_down = format!("$JS.API.{what}.LEADER.STEPDOWN.{name}");
    give_away(&client, &step_down, &info, "/cluster/leader").await
}

/// The leader of the cluster, which places streams and consumers, steps down.
pub(super) async fn of_cluster(world: &World) -> anyhow::Result<bool> {
    let client = world.cluster.connect_operator().await.context("no server answers")?;
    let info = "$SYS.REQ.SERVER.PING.JSZ";
    give_away(&client, "$JS.API.META.LEADER.STEPDOWN", info, "/data/meta_cluster/leader").await
}

async fn give_away(
    client: &Client,
    step_down: &str,
    info: &str,
    leader: &str,
) -> anyhow::Result<bool> {
    let leads = async || {
        let told = ask(client, info).await?;
        anyhow::Ok(told.pointer(leader).and_then(Value::as_str).map(str::to_owned))
    };
    let before = leads().await?.context("nobody leads")?;
    ask(client, step_down).await?;
    let until = Instant::now() + PATIENCE;
    loop {
        match leads().await {
            Ok(Some(now)) if now != before => return Ok(true),
            // Between two leaders nobody answers.
            _ if Instant::now() > until => return Ok(false),
            _ => sleep(PAUSE).await,
        }
    }
}

/// A refusal is an answer, too.
async fn ask(client: &Client, subject: &str) -> anyhow::Result<Value> {
    let reply = client.request(subject.to_owned(), "".into()).await.context("no leader answers")?;
    answer(&reply.payload).with_context(|| subject.to_owned())
}

fn answer(payload: &[u8]) -> anyhow::Result<Value> {
    let told: Value = serde_json::from_slice(payload).context("not understood")?;
    match told.pointer("/error/description").and_then(Value::as_str) {
        None => Ok(told),
        Some(why) => anyhow::bail!("refused: {why}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_no_success() {
        let refused =
            r#"{"error": {"code": 404, "err_code": 10014, "description": "consumer not found"}}"#;
        let error = answer(refused.as_bytes()).unwrap_err().to_string();
        assert_eq!(error, "refused: consumer not found");
        assert!(answer(br#"{"success": true}"#).is_ok());
    }
}
