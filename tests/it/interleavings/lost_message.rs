//! Messages that are lost, and some that only seem to be (11, 12).

use std::collections::HashMap;
use std::time::Duration;

use common::clock::{Clock as _, SystemClock};
use common::job::{EventKind, JobState};
use serde_json::json;
use tests::{Hand, Overheard, Role, Spy, Stack, eventually};

/// Interleaving 11: the message is lost. The event carries all that is needed to publish it again.
#[tokio::test]
async fn a_job_whose_message_is_lost_runs_all_the_same() {
    let mut stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let small = client.submit("diagnostic.echo", json!({ "n": 1 })).await.id;
    let large = json!({ "text": "y".repeat(300_000) });
    let large_job = client.submit("diagnostic.echo", large.clone()).await.id;
    for job in [small, large_job] {
        let envelope = stack.bus.events().last(job).await.unwrap().unwrap().event.job;
        stack.bus.remove_job(&envelope).await.unwrap();
    }
    stack.add(Role::Worker).await;
    for job in [small, large_job] {
        let ended = client.ended(job).await;
        assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 1));
    }
    assert_eq!(client.result(small).await.text(), r#"{"n":1}"#);
    assert_eq!(client.result(large_job).await.expect(200), large);
}

/// Interleaving 11: the gateway died between event and message.
#[tokio::test]
async fn a_job_that_never_had_a_message_gets_one() {
    let stack = Stack::start().await;
    let hand = Hand::new(&stack.bus, "gateway");
    let recorded = hand.records_only(hand.envelope("default", |_| {})).await;
    let ended = stack.client().ended(recorded.event.job.id).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 1));
}

/// Interleaving 12: two keepers look for messages that are just being moved from one stream to the next. A job whose
/// message is on its way must not get a second one.
#[tokio::test]
async fn keepers_that_look_while_messages_move_double_nothing() {
    const JOBS: usize = 150;
    let stack = Stack::builder()
        .with(Role::Keeper, 2)
        .set("keeper.repair_interval", "10ms")
        .set("keeper.repair_grace", "10ms")
        .start()
        .await;
    let spy = stack.spy(&[Spy::EVENTS]).await;
    let now = SystemClock.now();
    let jobs: Vec<_> = (0..JOBS)
        .map(|n| {
            let run_at = now.plus(Duration::from_millis(500 + 10 * n as u64)).to_string();
            json!({ "operation": "diagnostic.echo", "run_at": run_at })
        })
        .collect();
    let batch = stack.client().post("/v1/jobs/batch").json(&json!({ "jobs": jobs })).send().await;
    assert_eq!(batch.expect(200)["accepted"], JOBS);
    let heard = spy
        .wait_for("the end of all", |heard| {
            let events = heard.iter().filter_map(Overheard::event);
            events.filter(common::job::JobEvent::is_terminal).count() >= JOBS
        })
        .await;
    let mut starts = HashMap::new();
    for event in heard.iter().filter_map(Overheard::event) {
        if event.kind == EventKind::Started {
            *starts.entry(event.job.id).or_insert(0) += 1;
        }
    }
    assert_eq!(starts.len(), JOBS);
    assert!(starts.values().all(|count| *count == 1), "{starts:?}");
}

/// Interleaving 12: a doubled message, should there ever be one, does not take a job from its owner.
#[tokio::test]
async fn a_second_copy_of_a_message_takes_nothing_from_a_live_owner() {
    let stack = Stack::builder().with(Role::Worker, 2).start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.sleep", json!({ "ms": 4_000 })).await.id;
    client.reaches(job, JobState::Running).await;
    let running = stack.bus.events().last(job).await.unwrap().unwrap();
    // The only copy that the broker lets in: the first one is gone.
    stack.bus.remove_job(&running.event.job).await.unwrap();
    stack.bus.republish_job(&running, Duration::from_secs(5)).await.unwrap();
    let ended = client.ended(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 1));
    eventually("the copy is dropped", async || {
        stack.bus.find_job_message(&running.event.job).await.unwrap().is_none()
    })
    .await;
}
