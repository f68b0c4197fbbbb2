use std::time::Duration;

use common::job::JobState;
use serde_json::json;
use tests::upstream::Upstream;
use tests::{Role, Stack, eventually};

/// Interleaving 3: the streams of calls live in the server's memory and are gone with it, together with their
/// consumers.
#[tokio::test]
async fn calls_are_answered_again_after_a_restart_of_the_broker() {
    let upstream = Upstream::start(&["tiny"]).await;
    let mut stack = Stack::builder().llm(&upstream.url()).start().await;
    let client = stack.client();
    client.knows("tiny").await;
    client.chat("tiny").send().await.expect(200);

    stack.nats.kill();
    stack.nats.resume().await;
    eventually("a call is answered", async || client.chat("tiny").send().await.status == 200).await;
}

/// Interleaving 5: after an outage longer than the ack wait every running job is delivered again, although its owner
/// lives and goes on.
#[tokio::test]
async fn an_outage_longer_than_the_ack_wait_restarts_nothing() {
    let mut stack = Stack::builder().with(Role::Worker, 2).start().await;
    let client = stack.client();
    let mut jobs = Vec::new();
    for _ in 0..4 {
        jobs.push(client.submit("diagnostic.sleep", json!({ "ms": 5_000 })).await.id);
    }
    for &job in &jobs {
        client.reaches(job, JobState::Running).await;
    }
    let outage = stack.bus.ack_wait() + Duration::from_secs(1);
    stack.nats_away_for(outage).await;
    for job in jobs {
        let ended = client.ended(job).await;
        assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 1));
    }
}
