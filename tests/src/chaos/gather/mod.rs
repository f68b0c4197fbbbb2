//! Collecting the evidence: from the streams, SQL, the receiver, the workers' logs and the store, each by itself.

mod logs;
mod records;
mod streams;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use async_nats::jetstream;
use futures::{StreamExt as _, stream};

use super::caller::Caller;
use super::checker::{Evidence, Hook, Place, ReadResult};
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
    (evidence.rows, evidence.delivery_rows) =
        timely("SQL", records::read(&world.records_url)).await?;
    let client = world.cluster.connect().await.context("no server answers")?;
    let jetstream = jetstream::new(client);
    timely("the streams", async {
        let state = streams::state(&jetstream).await;
        (evidence.left, evidence.silent) = (state.left, state.trouble);
        evidence.deliveries = streams::contents(&jetstream, "DELIVERIES").await?;
        for event in streams::contents(&jetstream, "JOB_EVENTS").await? {
            let job = event["job"]["id"].as_str().unwrap_or_default().to_owned();
            evidence.events.insert(job, event);
        }
        // After the ends, which they precede.
        evidence.dead = streams::contents(&jetstream, "DEAD_JOBS").await?;
        Ok(())
    })
    .await?;
    // After the snapshots of the deliveries: what they say was taken is here.
    for one in world.hooks.received() {
        evidence.hooks.push(Hook {
            path: one.path.clone(),
            id: one.header("webhook-id").to_owned(),
            timestamp: one.header("webhook-timestamp").to_owned(),
            signature: one.header("webhook-signature").to_owned(),
            body: one.body.to_vec(),
            answered: one.answered,
        });
    }
    evidence.runs = logs::engine_runs(folder)?;
    Ok(evidence)
}

/// The results of all jobs that succeeded, as callers read them.
pub(super) async fn read_results(
    world: &World,
    evidence: &Evidence,
    callers: &[Caller],
) -> BTreeMap<String, ReadResult> {
    let wanted = evidence.cases().into_iter().filter_map(|case| {
        let event = case.last?;
        (event["state"] == "succeeded")
            .then(|| (case.job.to_owned(), event["result"]["key"].clone()))
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
