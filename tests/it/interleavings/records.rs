//! Histories that are told again, or from the beginning (17).

use common::bus::FixedConsumer;
use common::job::{JobId, JobState};
use serde_json::json;
use tests::{Client, Stack, eventually};

async fn is_listed(client: &Client, job: JobId, state: JobState) {
    eventually("the job is listed", async || {
        client.list("").await.iter().any(|listed| listed.id == job && listed.status == state)
    })
    .await;
}

/// Interleaving 17: older events are delivered again. A record only moves to a greater version.
#[tokio::test]
async fn events_that_come_again_overwrite_nothing_newer() {
    let stack = Stack::start().await;
    let client = stack.client();
    let ended = client.submit("diagnostic.echo", json!({})).await.id;
    let running = client.submit("diagnostic.sleep", json!({ "ms": 60_000 })).await.id;
    is_listed(&client, ended, JobState::Succeeded).await;
    is_listed(&client, running, JobState::Running).await;

    stack.bus.rewind_consumer(FixedConsumer::Record, 1).await.unwrap();
    let last = stack.bus.consumer_position(FixedConsumer::Record).await.unwrap().last_sequence;
    eventually("everything is recorded again", async || {
        let position = stack.bus.consumer_position(FixedConsumer::Record).await.unwrap();
        position.ack_floor >= last && position.pending == 0
    })
    .await;
    let listed = client.list("").await;
    let states: Vec<_> = listed.iter().map(|job| (job.id, job.status)).collect();
    assert_eq!(states, [(running, JobState::Running), (ended, JobState::Succeeded)]);
    client.cancel(running).await;
    client.ended(running).await;
}

/// Interleaving 17: the stream of events is made anew, as after a restore, and counts from 1 again. What comes then is
/// recorded, and what was is kept.
#[tokio::test]
async fn a_stream_that_counts_anew_is_recorded() {
    let stack = Stack::start().await;
    let client = stack.client();
    let before = client.submit("diagnostic.echo", json!({})).await.id;
    is_listed(&client, before, JobState::Succeeded).await;

    let nats = async_nats::connect(stack.nats.url()).await.unwrap();
    async_nats::jetstream::new(nats).delete_stream("JOB_EVENTS").await.unwrap();
    stack.bus.ensure_topology().await.unwrap();
    let after = client.submit("diagnostic.echo", json!({})).await.id;
    is_listed(&client, after, JobState::Succeeded).await;
    is_listed(&client, before, JobState::Succeeded).await;
}
