//! Collecting the evidence: from the streams, SQL, the receiver, the workers' logs and the store, each by itself.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use async_nats::jetstream::{self, stream::Stream};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde_json::Value;
use sqlx::{Connection as _, Row as _};

use super::caller::Caller;
use super::checker::{EngineRun, Evidence, Hook, Place, ReadResult, Row};
use super::ledger::Ledger;
use super::listener::Listener;
use super::world::World;

/// How long one source may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How many results are read at once.
const READERS: usize = 8;

/// All but the results. What is compared with the events is read before them, so that it is not younger.
pub(super) async fn gather(
    world: &World,
    folder: &Path,
    ledger: &Ledger,
    listener: &Listener,
    secret: &str,
) -> anyhow::Result<Evidence> {
    let mut evidence = Evidence {
        book: ledger.pages(),
        heard: listener.heard(),
        secret: secret.to_owned(),
        asked: world.upstream.asked(),
        ..Evidence::default()
    };
    for one in world.hooks.received() {
        evidence.hooks.push(Hook {
            path: one.path.clone(),
            id: one.header("webhook-id").to_owned(),
            timestamp: one.header("webhook-timestamp").to_owned(),
            signature: one.header("webhook-signature").to_owned(),
            body: one.body.to_vec(),
        });
    }
    evidence.rows = timely("SQL", rows(&world.records_url)).await?;
    let client = world.cluster.connect().await.context("no server answers")?;
    let jetstream = jetstream::new(client);
    timely("the streams", async {
        evidence.left = left(&jetstream).await?;
        evidence.deliveries = contents(&jetstream, "DELIVERIES").await?;
        for event in contents(&jetstream, "JOB_EVENTS").await? {
            let job = event["job"]["id"].as_str().unwrap_or_default().to_owned();
            evidence.events.insert(job, event);
        }
        Ok(())
    })
    .await?;
    evidence.runs = engine_runs(folder)?;
    Ok(evidence)
}

/// The results of all promised jobs that succeeded, as callers read them.
pub(super) async fn read_results(
    world: &World,
    evidence: &Evidence,
    callers: &[Caller],
) -> BTreeMap<String, ReadResult> {
    let wanted = evidence.book.promises.keys().filter_map(|job| {
        let event = evidence.events.get(job)?;
        (event["state"] == "succeeded").then(|| (job.clone(), event["result"]["key"].clone()))
    });
    let read = wanted.enumerate().map(|(number, (job, key))| async move {
        let caller = &callers[number % callers.len()];
        let heard = caller.get(&format!("/v1/jobs/{job}/result")).await;
        let place = key.as_str().map_or(Place::Event, |key| {
            let object = std::fs::read(world.store.folder().join(key));
            object.map_or(Place::Nowhere, Place::Object)
        });
        (job, ReadResult { status: heard.status(), body: heard.text(), place })
    });
    stream::iter(read).buffer_unordered(READERS).collect().await
}

async fn timely<T>(
    what: &'static str,
    source: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let read = tokio::time::timeout(PATIENCE, source).await;
    read.unwrap_or_else(|_| Err(anyhow::anyhow!("no answer within {PATIENCE:?}"))).context(what)
}

async fn rows(url: &str) -> anyhow::Result<BTreeMap<String, Row>> {
    let mut connection = sqlx::PgConnection::connect(url).await?;
    let rows = sqlx::query("SELECT id, state, version, attempt, finished_at FROM jobs")
        .fetch_all(&mut connection)
        .await?;
    let rows = rows.into_iter().map(|row| {
        let finished: Option<i64> = row.get("finished_at");
        let (state, version, attempt) = (row.get("state"), row.get("version"), row.get("attempt"));
        (row.get("id"), Row { state, version, attempt, has_finished: finished.is_some() })
    });
    Ok(rows.collect())
}

/// A line for each work queue that is not empty, telling enough to see why nobody takes what is in it.
async fn left(jetstream: &jetstream::Context) -> anyhow::Result<Vec<String>> {
    let streams: Vec<_> = jetstream.streams().try_collect().await?;
    let mut left = Vec::new();
    for info in streams.iter().filter(|info| info.state.messages > 0) {
        let name = &info.config.name;
        let holds_work = name.starts_with("JOBS_") || name.starts_with("CALLS_");
        if !holds_work && name != "DELAYS" && name != "WEBHOOKS" {
            continue;
        }
        let stream = jetstream.get_stream(name).await?;
        let subjects: Vec<_> = stream.info_with_subjects(">").await?.try_collect().await?;
        let subjects: Vec<_> = subjects.into_iter().map(|(subject, _)| subject).take(10).collect();
        let consumers: Vec<_> = stream.consumers().try_collect().await?;
        let consumers = consumers.into_iter().filter_map(|info| {
            let (name, waiting, unacked) = (info.name, info.num_pending, info.num_ack_pending);
            let (at, floor) = (info.delivered.stream_sequence, info.ack_floor.stream_sequence);
            (waiting > 0 || unacked > 0).then(|| {
                format!("{name}: {waiting} waiting, {unacked} not acked, delivered to {at}, acked to {floor}")
            })
        });
        let consumers = consumers.collect::<Vec<_>>().join("; ");
        left.push(format!(
            "{} in {name} (to {}): {} ({consumers})",
            info.state.messages,
            info.state.last_sequence,
            subjects.join(", ")
        ));
    }
    Ok(left)
}

/// Every message of a stream as JSON, oldest first.
async fn contents(jetstream: &jetstream::Context, name: &str) -> anyhow::Result<Vec<Value>> {
    let stream: Stream = jetstream.get_stream(name).await?;
    let mut consumer = stream
        .create_consumer(pull::Config {
            deliver_policy: DeliverPolicy::All,
            ack_policy: AckPolicy::None,
            inactive_threshold: PATIENCE,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        })
        .await?;
    let count = consumer.info().await?.num_pending as usize;
    let mut found = Vec::with_capacity(count);
    if count == 0 {
        return Ok(found);
    }
    let mut messages = consumer.batch().max_messages(count).expires(PATIENCE).messages().await?;
    while let Some(message) = messages.next().await {
        let message = message.map_err(|error| anyhow::anyhow!("{error}"))?;
        found.push(serde_json::from_slice(&message.payload)?);
    }
    anyhow::ensure!(found.len() == count, "{} of {count} messages of {name}", found.len());
    Ok(found)
}

/// What the workers' logs say of engines that began.
fn engine_runs(folder: &Path) -> anyhow::Result<Vec<EngineRun>> {
    let mut runs = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let path = file?.path();
        let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
        if !name.starts_with("worker-") || path.extension().is_none_or(|end| end != "log") {
            continue;
        }
        for line in std::fs::read_to_string(&path)?.lines() {
            let Ok(said) = serde_json::from_str::<Value>(line) else { continue };
            if said["message"] == "the engine begins" {
                let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
                let attempt = said["job.attempt"].as_u64().unwrap_or_default();
                let is_call = said["span"]["name"] == "call";
                runs.push(EngineRun { job: text("job.id"), attempt, run: text("run.id"), is_call });
            }
        }
    }
    Ok(runs)
}
