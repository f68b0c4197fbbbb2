//! Work that nobody wants any more frees what it held.

use std::time::{Duration, Instant};

use common::job::JobState;
use serde_json::json;
use tests::media::{form_of, long_film};
use tests::upstream::{Answer, End, Upstream};
use tests::{Client, Events, Fleet, Member, Role, eventually, is_alive};

use super::fleet;

/// Starts a job that keeps ffmpeg busy for long; returns when ffmpeg runs.
async fn busy(fleet: &Fleet, client: &Client, worker: Member) -> common::job::JobId {
    let input = json!({"width": 3840, "format": "webm", "quality": 100});
    let job = json!({"operation": "video.scale", "input": input});
    let form = form_of(&job, "film.mp4", &long_film());
    let job = client.post("/v1/jobs").form(form).send().await.job(202);
    eventually("ffmpeg runs", async || works(fleet, worker)).await;
    job.id
}

fn works(fleet: &Fleet, worker: Member) -> bool {
    fleet[worker].descendants().iter().any(|(_, name)| name == "ffmpeg")
}

/// Waits until none of these processes is left.
async fn are_gone(children: &[(u32, String)]) {
    eventually("the children are gone", async || !children.iter().any(|(id, _)| is_alive(*id)))
        .await;
}

/// How long it takes until the worker has no child left.
async fn freed(fleet: &Fleet, worker: Member, since: Instant) -> Duration {
    eventually("the worker's children are gone", async || fleet[worker].descendants().is_empty())
        .await;
    since.elapsed()
}

#[tokio::test]
async fn a_canceled_conversion_is_gone_within_two_seconds() {
    let mut fleet = fleet().await;
    let (client, worker) = (fleet.client(), fleet.first(Role::Worker));
    let job = busy(&fleet, &client, worker).await;
    let canceled_at = Instant::now();
    client.cancel(job).await;
    let took = freed(&fleet, worker, canceled_at).await;
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(client.ended(job).await.status, JobState::Canceled);
    let work = std::fs::read_dir(fleet.dir().join("work")).unwrap().count();
    assert_eq!(work, 0, "files were left in the workspace");
}

#[tokio::test]
async fn a_worker_that_is_stopped_takes_its_children_along() {
    let mut fleet = Fleet::builder()
        .set("worker.ffmpeg.enabled", "true")
        .set("worker.drain_grace", "100ms")
        .start()
        .await;
    let (client, worker) = (fleet.client(), fleet.first(Role::Worker));
    let job = busy(&fleet, &client, worker).await;
    let children = fleet[worker].descendants();
    fleet[worker].terminate();
    assert_eq!(fleet[worker].ends_within(Duration::from_secs(10)).await, 0);
    are_gone(&children).await;
    assert_eq!(client.job(job).await.status, JobState::Queued);
    client.cancel(job).await;
}

#[tokio::test]
async fn the_children_of_a_killed_worker_do_not_live_on() {
    let mut fleet = fleet().await;
    let (client, worker) = (fleet.client(), fleet.first(Role::Worker));
    let job = busy(&fleet, &client, worker).await;
    let children = fleet[worker].descendants();
    fleet.kill(worker);
    are_gone(&children).await;
    client.cancel(job).await;
    // Who finds the message of the killed one ends the job as it was wished.
    fleet.add(Role::Worker).await;
    assert_eq!(client.ended(job).await.status, JobState::Canceled);
}

/// A fleet whose upstream streams for a minute.
async fn long_stream() -> (Upstream, Fleet, Client) {
    let upstream = Upstream::start(&["tiny"]).await;
    let pause = Duration::from_millis(50);
    upstream.will(Answer::Stream { tokens: 1_200, pause, end: End::Whole });
    let mut fleet = Fleet::builder().llm(&upstream.url()).start().await;
    let client = fleet.client();
    client.knows("tiny").await;
    (upstream, fleet, client)
}

#[tokio::test]
async fn a_caller_who_hangs_up_closes_the_upstream_within_a_second() {
    let (upstream, _fleet, client) = long_stream().await;
    let chat =
        json!({"model": "tiny", "stream": true, "messages": [{"role": "user", "content": "Hi"}]});
    let call = client.post("/v1/chat/completions").json(&chat).open().await;
    let job = call.headers()["x-millrace-job"].to_str().unwrap().to_owned();
    let mut events = Events::of(call).await;
    for _ in 0..3 {
        events.next().await.expect("the stream has begun");
    }
    let left_at = Instant::now();
    drop(events);
    upstream.clients_left(1).await;
    assert!(left_at.elapsed() < Duration::from_secs(1), "{:?}", left_at.elapsed());
    assert_eq!(client.ended(job.parse().unwrap()).await.status, JobState::Canceled);
}

#[tokio::test]
async fn a_canceled_chat_closes_the_upstream_within_a_second() {
    let (upstream, _fleet, client) = long_stream().await;
    let input = json!({"stream": true, "messages": [{"role": "user", "content": "Hi"}]});
    let job = json!({"operation": "chat", "model": "tiny", "input": input});
    let job = client.submit_job(job).await;
    upstream.asked_times(1).await;
    client.reaches(job.id, JobState::Running).await;
    let canceled_at = Instant::now();
    client.cancel(job.id).await;
    upstream.clients_left(1).await;
    assert!(canceled_at.elapsed() < Duration::from_secs(1), "{:?}", canceled_at.elapsed());
    assert_eq!(client.ended(job.id).await.status, JobState::Canceled);
}
