//! Writes that were stored although nobody heard so (4).

use common::bus::Place;
use common::job::{EventKind, JobState};
use serde_json::json;
use tests::{Overheard, Role, Spy, Stack, eventually};

/// Interleaving 4: the terminal event is stored, its ack is lost, and the repeated publish is refused because another
/// event, the worker's own, stands there. The worker must know its own event and settle.
#[tokio::test]
async fn an_owner_whose_ack_was_lost_knows_its_own_event() {
    let mut stack = Stack::builder().without(Role::Worker).start().await;
    let worker = stack.add_linked(Role::Worker).await;
    let spy = stack.spy(&[Spy::WRITES, Spy::EVENTS]).await;
    let client = stack.client();
    let job = client.submit("diagnostic.sleep", json!({ "ms": 500 })).await.id;
    client.reaches(job, JobState::Running).await;
    stack.link(worker).deafen();

    let writes = |heard: &[Overheard], prefix: &str| {
        let of_end = |one: &&Overheard| {
            one.subject.starts_with(prefix)
                && one.event().is_some_and(|event| event.kind == EventKind::Succeeded)
        };
        heard.iter().filter(of_end).count()
    };
    spy.wait_for("the repeated publish", |heard| writes(heard, "events.") >= 2).await;
    let envelope = stack.bus.events().last(job).await.unwrap().unwrap().event.job;
    let found = stack.bus.find_job_message(&envelope).await.unwrap();
    assert_eq!(found.map(|found| found.place), Some(Place::Jobs), "nothing is acked in doubt");

    stack.link(worker).mend();
    eventually("the worker settles", async || {
        stack.bus.find_job_message(&envelope).await.unwrap().is_none()
    })
    .await;
    let ended = client.job(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 1));
    assert_eq!(writes(&spy.all(), "feed.events."), 1, "one of them is stored");
}
