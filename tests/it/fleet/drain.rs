//! Processes that are asked to end: what they finish, what they give back, and their exit codes.

use std::time::{Duration, Instant};

use common::job::JobState;
use serde_json::json;
use tests::upstream::{Answer, Upstream};
use tests::{Client, Fleet, Receiver, Role, Spy};

const SOON: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_worker_finishes_what_runs_and_takes_no_more() {
    let mut fleet = Fleet::start().await;
    let (client, worker) = (fleet.client(), fleet.first(Role::Worker));
    let runs = client.submit("diagnostic.sleep", json!({"ms": 1_500})).await;
    client.reaches(runs.id, JobState::Running).await;
    fleet[worker].terminate();
    fleet[worker].says("stopping").await;
    let waits = client.submit("diagnostic.echo", json!({})).await;

    assert_eq!(fleet[worker].ends_within(SOON).await, 0);
    let ended = client.job(runs.id).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 1));
    assert_eq!(client.job(waits.id).await.status, JobState::Queued);
    assert!(fleet.bus.list_presence().await.unwrap().is_empty());
    fleet.add(Role::Worker).await;
    assert_eq!(client.ended(waits.id).await.status, JobState::Succeeded);
}

#[tokio::test]
async fn what_does_not_end_in_time_is_given_back_without_an_attempt() {
    let mut fleet = Fleet::builder().set("worker.drain_grace", "500ms").start().await;
    let events = fleet.spy(&[Spy::EVENTS]).await;
    let (client, worker) = (fleet.client(), fleet.first(Role::Worker));
    let job = client.submit("diagnostic.sleep", json!({"ms": 3_000})).await;
    client.reaches(job.id, JobState::Running).await;
    fleet[worker].terminate();
    assert_eq!(fleet[worker].ends_within(SOON).await, 0);
    let given_back = client.job(job.id).await;
    assert_eq!((given_back.status, given_back.attempt), (JobState::Queued, 1));

    let other = fleet.add(Role::Worker).await;
    let ended = client.ended(job.id).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 1));
    let last = events.events_of(job.id).pop().unwrap();
    assert_eq!(last.worker_id, Some(fleet.worker_id(other)));
}

#[tokio::test]
async fn a_second_signal_does_not_wait_for_the_grace() {
    let mut fleet = Fleet::start().await;
    let (client, worker) = (fleet.client(), fleet.first(Role::Worker));
    let job = client.submit("diagnostic.sleep", json!({"ms": 30_000})).await;
    client.reaches(job.id, JobState::Running).await;
    fleet[worker].terminate();
    fleet[worker].says("stopping").await;
    let asked_again = Instant::now();
    fleet[worker].terminate();
    assert_eq!(fleet[worker].ends_within(SOON).await, 0);
    assert!(asked_again.elapsed() < Duration::from_secs(3), "{:?}", asked_again.elapsed());
    assert_eq!(client.job(job.id).await.status, JobState::Queued);
    assert_eq!(client.cancel(job.id).await.status, JobState::Canceled);
}

#[tokio::test]
async fn a_gateway_answers_those_who_wait() {
    let upstream = Upstream::start(&["tiny"]).await;
    upstream.will(Answer::Late(Duration::from_millis(1_500)));
    let mut fleet = Fleet::builder().llm(&upstream.url()).start().await;
    let (client, gateway) = (fleet.client(), fleet.first(Role::Gateway));
    let body = json!({"model": "tiny", "messages": [{"role": "user", "content": "Hi"}]});
    client.knows("tiny").await;
    let call = client.post("/v1/chat/completions").json(&body).send();
    let stop = async {
        upstream.asked_times(1).await;
        fleet[gateway].terminate();
        fleet[gateway].says("stopping").await;
    };
    let (answer, ()) = tokio::join!(call, stop);
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(fleet[gateway].ends_within(SOON).await, 0);
    assert!(Client::new(client.base(), "").get("/livez").try_send().await.is_err());
}

#[tokio::test]
async fn dispatcher_and_keeper_end_well_and_leave_nothing() {
    let mut fleet = Fleet::start().await;
    let (client, receiver) = (fleet.client(), Receiver::start().await);
    receiver.holds();
    let (dispatcher, keeper) = (fleet.first(Role::Dispatcher), fleet.first(Role::Keeper));
    let job = json!({"operation": "diagnostic.echo", "webhook": receiver.url()});
    client.submit_job(job).await;
    receiver.wait_for(1).await;
    fleet[dispatcher].terminate();
    fleet[dispatcher].says("stopping").await;
    receiver.answers(204);
    assert_eq!(fleet[dispatcher].ends_within(SOON).await, 0);
    fleet[keeper].terminate();
    assert_eq!(fleet[keeper].ends_within(SOON).await, 0);
    // What was under way was finished: nobody is left who could do it again.
    assert_eq!(receiver.received().len(), 1);
}
