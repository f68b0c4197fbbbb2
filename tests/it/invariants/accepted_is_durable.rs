//! Invariant 1: accepted means durable.

use std::collections::HashMap;

use common::bus::Place;
use common::job::{JobId, JobState};
use serde_json::json;
use tests::{Client, Receiver, Role, Stack, eventually};

/// What a 2xx says, at the moment when it is said.
#[tokio::test]
async fn an_accepted_job_has_its_event_and_its_message() {
    let stack = Stack::builder()
        .without(Role::Worker)
        .without(Role::Keeper)
        .leaves_messages()
        .start()
        .await;
    let later = common::clock::Timestamp::parse("2999-01-01T00:00:00Z").unwrap();
    for (run_at, place) in [(None, Place::Jobs), (Some(later), Place::Scheduled)] {
        let mut job = json!({ "operation": "diagnostic.echo" });
        if run_at.is_some() {
            job["run_at"] = json!(soon());
        }
        let job = stack.client().submit_job(job).await.id;
        let stored = stack.bus.events().last(job).await.unwrap().expect("the event is stored");
        let found = stack.bus.find_job_message(&stored.event.job).await.unwrap();
        assert_eq!(found.map(|found| found.place), Some(place));
    }
}

fn soon() -> String {
    use common::clock::Clock as _;
    common::clock::SystemClock.now().plus(std::time::Duration::from_hours(1)).to_string()
}

/// Every role and the broker die while jobs run; what was accepted ends once, and its callback comes under one id.
#[tokio::test]
async fn what_was_accepted_outlives_every_process() {
    let receiver = Receiver::start().await;
    let mut stack = Stack::start().await;
    let mut jobs = Vec::new();
    for role in [Role::Worker, Role::Keeper, Role::Dispatcher, Role::Gateway] {
        jobs.extend(submit_some(&stack.client(), &receiver).await);
        let victim = stack.first(role);
        match role {
            Role::Worker => stack.kill_worker(victim).await,
            _ => stack.kill(victim),
        }
        stack.add(role).await;
    }
    jobs.extend(submit_some(&stack.client(), &receiver).await);
    stack.nats.kill();
    stack.nats.resume().await;

    for &job in &jobs {
        assert_eq!(stack.client().ended(job).await.status, JobState::Succeeded);
    }
    let mut told: HashMap<JobId, Vec<String>> = HashMap::new();
    eventually("every callback came", async || {
        told.clear();
        for one in receiver.received() {
            let job = one.payload().data.job.expect("it is about a job").id;
            told.entry(job).or_default().push(one.webhook_id().to_owned());
        }
        jobs.iter().all(|job| told.contains_key(job))
    })
    .await;
    assert_eq!(told.len(), jobs.len());
    for ids in told.values_mut() {
        ids.dedup();
        assert_eq!(ids.len(), 1, "one stable id for each event");
    }
}

async fn submit_some(client: &Client, receiver: &Receiver) -> Vec<JobId> {
    let job = json!({
        "operation": "diagnostic.sleep", "input": { "ms": 300 }, "webhook": receiver.url(),
    });
    let mut jobs = Vec::new();
    for _ in 0..5 {
        jobs.push(client.submit_job(job.clone()).await.id);
    }
    jobs
}
