//! Owners that wake too late (1).

use std::time::Duration;

use common::bus::Place;
use common::job::{JobId, JobState, Lane};
use serde_json::json;
use tests::{Fleet, Hand, Role, Settlement, Spy, Stack, eventually, success};

/// A worker whose process stands still in the middle of a run, and another that has taken the job over.
async fn overtaken(fleet: &mut Fleet, ms: u64) -> (JobId, tests::Held) {
    let (client, worker) = (fleet.client(), fleet.first(Role::Worker));
    let job = client.submit("diagnostic.sleep", json!({ "ms": ms })).await.id;
    client.reaches(job, JobState::Running).await;
    fleet[worker].pause();
    fleet.forget_worker(&fleet.worker_id(worker)).await;
    let mut held = Hand::new(&fleet.bus, "other").take(Lane::Normal).await;
    held.take_over().await;
    (job, held)
}

/// Wakes the overtaken worker and waits until it has seen that it lost and runs nothing any more.
async fn has_given_up(fleet: &mut Fleet) {
    let worker = fleet.first(Role::Worker);
    let name = fleet.worker_id(worker);
    fleet[worker].resume();
    eventually("the old owner gives up", async || {
        let presence = fleet.bus.presence(&name).await.expect("the broker is there");
        presence.is_some_and(|presence| presence.running.is_empty())
    })
    .await;
}

/// What was said about the first delivery of a job. Whoever speaks for a later one is heard apart.
fn said_of_the_first_delivery(spy: &Spy) -> Vec<Settlement> {
    let said = spy.all().into_iter().filter_map(|one| one.settlement());
    said.filter(|one| one.stream == "JOBS_diagnostic" && one.delivery == 1).collect()
}

/// Interleaving 1: A is stopped, B takes over, A wakes and loses, B dies. The message is all that is left of the job,
/// so A must not have settled it, nor hidden it by a sign of life.
#[tokio::test]
async fn an_owner_that_wakes_too_late_says_nothing_more() {
    let mut fleet = Fleet::builder().without(Role::Dispatcher).start().await;
    let (job, held) = overtaken(&mut fleet, 60_000).await;
    let spy = fleet.spy(&[Spy::SETTLEMENTS]).await;
    Hand::new(&fleet.bus, "other").appears(&[], &[job]).await;
    has_given_up(&mut fleet).await;

    assert_eq!(said_of_the_first_delivery(&spy), [], "the delivery was another's by then");
    let found = fleet.bus.find_job_message(&held.job).await.unwrap();
    assert_eq!(found.map(|found| found.place), Some(Place::Jobs));

    Hand::new(&fleet.bus, "other").vanishes().await;
    let client = fleet.client();
    let third = client.until(job, "the third attempt", |job| job.attempt == 3).await;
    assert_eq!(third.status, JobState::Running);
    client.cancel(job).await;
    assert_eq!(client.ended(job).await.status, JobState::Canceled);
}

/// Interleaving 1: the stopped owner had its result ready; it is discarded.
#[tokio::test]
async fn an_owner_that_finishes_too_late_discards_its_outcome() {
    let mut fleet = Fleet::builder().without(Role::Dispatcher).start().await;
    let (job, mut held) = overtaken(&mut fleet, 1_500).await;
    let spy = fleet.spy(&[Spy::EVENTS]).await;
    has_given_up(&mut fleet).await;
    assert_eq!(spy.events().len(), 0, "the outcome was another's to tell by then");

    held.finish(success(r#""from the new owner""#)).await;
    held.ack().await;
    let client = fleet.client();
    assert_eq!(client.ended(job).await.attempt, 2);
    assert_eq!(client.result(job).await.text(), r#""from the new owner""#);
}

/// Interleaving 1: the owner is told to stop while it stands still, and wakes after its job was taken over. What it
/// gives back is not its own any more.
#[tokio::test]
async fn an_owner_that_is_stopped_too_late_gives_nothing_back() {
    let mut fleet =
        Fleet::builder().without(Role::Dispatcher).set("worker.drain_grace", "0s").start().await;
    let (job, mut held) = overtaken(&mut fleet, 60_000).await;
    let spy = fleet.spy(&[Spy::SETTLEMENTS, Spy::EVENTS]).await;
    let worker = fleet.first(Role::Worker);
    fleet[worker].terminate();
    fleet[worker].resume();
    assert_eq!(fleet[worker].ends_within(tests::PATIENCE).await, 0);
    assert_eq!(said_of_the_first_delivery(&spy), []);
    assert!(spy.events_of(job).is_empty());

    held.finish(success("1")).await;
    held.ack().await;
    assert_eq!(fleet.client().ended(job).await.attempt, 2);
}

/// Interleaving 1: the owner lives, but its network stands still. What it would say meanwhile arrives when the job is
/// another's, so it must say nothing while it can not know whose the job is.
#[tokio::test]
async fn an_owner_that_hears_nothing_says_nothing() {
    let mut stack = Stack::builder().without(Role::Worker).start().await;
    let worker = stack.add_linked(Role::Worker).await;
    let name = stack.worker_id(worker);
    let client = stack.client();
    let job = client.submit("diagnostic.sleep", json!({ "ms": 60_000 })).await.id;
    client.reaches(job, JobState::Running).await;
    stack.link(worker).hold();
    stack.forget_worker(&name).await;
    let other = Hand::new(&stack.bus, "other");
    let mut held = other.take(Lane::Normal).await;
    held.take_over().await;
    other.appears(&[], &[job]).await;
    let spy = stack.spy(&[Spy::SETTLEMENTS]).await;
    // Longer than a beat and the patience of a read.
    tokio::time::sleep(Duration::from_secs(5)).await;
    stack.link(worker).mend();
    eventually("the old owner gives up", async || {
        let presence = stack.bus.presence(&name).await.expect("the broker is there");
        presence.is_some_and(|presence| presence.running.is_empty())
    })
    .await;
    assert_eq!(said_of_the_first_delivery(&spy), []);
    held.finish(success("1")).await;
    held.ack().await;
    assert_eq!(client.ended(job).await.status, JobState::Succeeded);
}
