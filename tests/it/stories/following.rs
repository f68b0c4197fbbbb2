//! Reading a job while it goes on: long polls and events.

use common::job::{JobState, Lane};
use serde_json::json;
use tests::{Events, Hand, Role, Stack, success};

/// A poll is held until the job changes, and costs nothing when it has not.
#[tokio::test]
async fn a_long_poll_is_answered_by_the_change() {
    let stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.echo", json!({})).await;
    let path = format!("/v1/jobs/{}", job.id);
    let queued = client.get(&path).send().await;
    let tag = queued.header("etag").to_owned();
    let same = client.get(&path).header("if-none-match", &tag).send().await;
    assert_eq!((same.status.as_u16(), same.header("etag")), (304, tag.as_str()));
    assert_eq!(
        client.get(&format!("{path}/result")).send().await.job(202).status,
        JobState::Queued
    );

    let held = client.get(&format!("{path}?wait=20")).header("if-none-match", &tag).start();
    let mut work = Hand::new(&stack.bus, "w").take(Lane::Normal).await;
    work.start().await;
    assert_eq!(held.answer().await.job(200).status, JobState::Running);
    let held = client.get(&format!("{path}?wait=20")).start();
    work.finish(success("1")).await;
    work.ack().await;
    assert_eq!(held.answer().await.job(200).status, JobState::Succeeded);
}

/// A follower hears every event as it happens, progress in between, and the end of the stream after the end.
#[tokio::test]
async fn a_follower_hears_a_job_from_queue_to_end() {
    let mut stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.sleep", json!({ "ms": 600 })).await.id;
    let mut events = client.follow(job).await;
    let queued = events.next().await.unwrap();
    assert_eq!((queued.id.as_str(), queued.name.as_str()), ("1", "job.queued"));
    stack.add(Role::Worker).await;
    let rest = events.rest().await;
    let named = |name: &str| rest.iter().filter(|event| event.name == name).collect::<Vec<_>>();
    assert_eq!((named("job.started").len(), named("job.started")[0].id.as_str()), (1, "2"));
    let progress: Vec<f64> =
        named("job.progress").iter().filter_map(|one| one.json()["progress"].as_f64()).collect();
    assert!(!progress.is_empty() && progress.is_sorted(), "{progress:?}");
    let end = rest.last().unwrap();
    assert_eq!((end.id.as_str(), end.name.as_str()), ("3", "job.succeeded"));
    assert_eq!(end.json()["data"]["job"]["status"], "succeeded");
}

/// A follower that was cut off comes back with the last id that it has, and hears what it missed, once.
#[tokio::test]
async fn a_follower_goes_on_where_it_was() {
    let stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.echo", json!({})).await.id;
    let mut work = Hand::new(&stack.bus, "w").take(Lane::Normal).await;
    work.start().await;
    let call = client.get(&format!("/v1/jobs/{job}/events")).header("last-event-id", "1");
    let mut events = Events::of(call.open().await).await;
    assert_eq!(events.next().await.unwrap().id, "2");
    work.finish(success("1")).await;
    work.ack().await;
    assert_eq!(events.next().await.unwrap().id, "3");
    assert_eq!(events.next().await, None);

    // After the end only the end is left to tell.
    let all = client.follow(job).await.rest().await;
    assert_eq!(all.iter().map(|event| event.id.as_str()).collect::<Vec<_>>(), ["3"]);
    let call = client.get(&format!("/v1/jobs/{job}/events")).header("last-event-id", "3");
    assert_eq!(Events::of(call.open().await).await.rest().await, []);
}
