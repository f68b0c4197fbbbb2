//! Two gateways, three workers, two dispatchers and two keepers on one broker.

use std::collections::BTreeSet;

use common::job::{JobId, JobState};
use serde_json::json;
use tests::upstream::Upstream;
use tests::{Audit, Client, Fleet, Receiver, Role, Spy, eventually};

async fn whole_fleet(upstream: &Upstream) -> Fleet {
    let builder = Fleet::builder().with(Role::Gateway, 2).with(Role::Worker, 3);
    builder.with(Role::Dispatcher, 2).with(Role::Keeper, 2).llm(&upstream.url()).start().await
}

/// A client of each gateway.
fn clients(fleet: &mut Fleet) -> [Client; 2] {
    let gateways = fleet.all(Role::Gateway);
    [fleet.client_at(gateways[0]), fleet.client_at(gateways[1])]
}

#[tokio::test]
async fn a_job_is_the_same_at_every_gateway() {
    let upstream = Upstream::start(&["tiny"]).await;
    let mut fleet = whole_fleet(&upstream).await;
    let [one, other] = clients(&mut fleet);

    let here = one.submit("diagnostic.echo", json!({"from": "one"})).await;
    let there = other.submit("diagnostic.fail", json!({"times": 1})).await;
    assert_eq!(other.ended(here.id).await.status, JobState::Succeeded);
    assert_eq!(other.result(here.id).await.text(), r#"{"from":"one"}"#);
    let second_try = one.ended(there.id).await;
    assert_eq!((second_try.status, second_try.attempt), (JobState::Succeeded, 2));

    eventually("both jobs are in the list of either gateway", async || {
        let mut found = Vec::new();
        for client in [&one, &other] {
            let listed = client.list("limit=10").await;
            found.push(listed.iter().map(|job| job.id).collect::<BTreeSet<JobId>>());
        }
        found.iter().all(|list| list.contains(&here.id) && list.contains(&there.id))
    })
    .await;
}

#[tokio::test]
async fn a_job_is_canceled_and_a_call_is_answered_at_any_gateway() {
    let upstream = Upstream::start(&["tiny"]).await;
    let mut fleet = whole_fleet(&upstream).await;
    let [one, other] = clients(&mut fleet);

    let runs = one.submit("diagnostic.sleep", json!({"ms": 60_000})).await;
    other.reaches(runs.id, JobState::Running).await;
    assert!(other.cancel(runs.id).await.cancel_requested_at.is_some());
    assert_eq!(one.ended(runs.id).await.status, JobState::Canceled);
    let later = json!({"operation": "diagnostic.echo", "run_at": "2126-01-01T00:00:00Z"});
    // Too far ahead: the limit is the same at either.
    assert_eq!(one.post("/v1/jobs").json(&later).send().await.status, 422);

    for client in [&one, &other] {
        client.knows("tiny").await;
        let chat = json!({"model": "tiny", "messages": [{"role": "user", "content": "Hi"}]});
        let answer = client.post("/v1/chat/completions").json(&chat).send().await.expect(200);
        assert_eq!(answer["choices"][0]["message"]["content"], "Hello from the scripted upstream.");
    }
}

#[tokio::test]
async fn every_callback_comes_once() {
    let upstream = Upstream::start(&["tiny"]).await;
    let mut fleet = whole_fleet(&upstream).await;
    let receiver = Receiver::start().await;
    let audit = Audit::begin(&fleet).await;
    let clients = clients(&mut fleet);
    for number in 0..40 {
        let job = json!({
            "operation": if number % 4 == 0 { "diagnostic.fail" } else { "diagnostic.echo" },
            "input": if number % 4 == 0 { json!({"retryable": false}) } else { json!({"n": number}) },
            "webhook": receiver.url(),
        });
        audit.promises.told(&clients[number % 2].submit_job(job).await);
    }
    receiver.wait_for(40).await;
    let settled = audit.settle(&fleet, &[&receiver], &clients[0].webhook_secret().await).await;
    assert_eq!((settled.callbacks, settled.runs), (40, 40), "{settled:?}");
    assert_eq!(settled.states["failed"], 10);
}

#[tokio::test]
async fn a_worker_that_comes_later_takes_load() {
    let mut fleet = Fleet::builder().set("worker.diagnostic.slots", "2").start().await;
    let events = fleet.spy(&[Spy::EVENTS]).await;
    let client = fleet.client();
    let mut jobs = Vec::new();
    for _ in 0..12 {
        jobs.push(client.submit("diagnostic.sleep", json!({"ms": 500})).await.id);
    }
    client.reaches(jobs[0], JobState::Running).await;
    let late = fleet.add(Role::Worker).await;
    for job in &jobs {
        assert_eq!(client.ended(*job).await.status, JobState::Succeeded);
    }
    let late = fleet.worker_id(late);
    let ended: Vec<_> =
        events.events().into_iter().filter(common::job::JobEvent::is_terminal).collect();
    let by_late = ended.iter().filter(|event| event.worker_id.as_ref() == Some(&late)).count();
    assert!(by_late >= 3 && by_late < ended.len(), "{by_late} of {}", ended.len());
}
