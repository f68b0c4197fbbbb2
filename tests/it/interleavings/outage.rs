//! A broker that restarts or is away (3, 5).

use std::time::Duration;

use common::job::{JobState, Lane};
use serde_json::json;
use tests::upstream::Upstream;
use tests::{Role, Spy, Stack, eventually};

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

/// Interleaving 3: a call whose stream is away goes the durable way, and is answered all the same.
#[tokio::test]
async fn a_call_without_its_stream_becomes_a_job() {
    let upstream = Upstream::start(&["tiny"]).await;
    let stack = Stack::builder().llm(&upstream.url()).start().await;
    let client = stack.client();
    client.knows("tiny").await;
    client.chat("tiny").send().await.expect(200);
    let spy = stack.spy(&[Spy::EVENTS]).await;
    let nats = async_nats::connect(stack.nats.url()).await.unwrap();
    async_nats::jetstream::new(nats).delete_stream("CALLS_llm").await.unwrap();

    let answer = client.chat("tiny").send().await;
    assert_eq!(answer.expect(200)["object"], "chat.completion");
    let first = spy.events().remove(0);
    assert_eq!((first.state, first.job.lane), (JobState::Queued, Lane::Normal));
    // The stream is made again, and the next call is a call.
    eventually("a call is a call", async || {
        client.chat("tiny").send().await.expect(200);
        spy.events().iter().any(|event| event.job.lane == Lane::Interactive)
    })
    .await;
}

/// Interleaving 5: the network of one worker fails for longer than the ack wait. Its presence still says that it has
/// the job.
#[tokio::test]
async fn a_worker_that_is_cut_off_for_a_while_keeps_its_job() {
    let mut stack = Stack::builder().without(Role::Worker).start().await;
    let cut_off = stack.add_linked(Role::Worker).await;
    let client = stack.client();
    let job = client.submit("diagnostic.sleep", json!({ "ms": 5_000 })).await.id;
    client.reaches(job, JobState::Running).await;
    let name = stack.worker_id(cut_off);
    eventually("the worker says what it runs", async || {
        let presence = stack.bus.presence(&name).await.unwrap();
        presence.is_some_and(|presence| presence.running.contains(&job))
    })
    .await;
    stack.add(Role::Worker).await;
    stack.link(cut_off).cut();
    tokio::time::sleep(stack.bus.ack_wait() + Duration::from_secs(1)).await;
    stack.link(cut_off).mend();
    let ended = client.ended(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 1));
}
