use common::bus::Place;
use common::job::{JobId, JobState, Lane};
use serde_json::json;
use tests::{Fleet, Hand, Role, Spy, eventually, success};

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

/// Interleaving 1: A is stopped, B takes over, A wakes and loses, B dies. The message is all that is left of the job,
/// so A must not have settled it, nor hidden it by a sign of life.
#[tokio::test]
async fn an_owner_that_wakes_too_late_says_nothing_more() {
    let mut fleet = Fleet::builder().without(Role::Dispatcher).start().await;
    let (job, held) = overtaken(&mut fleet, 60_000).await;
    let spy = fleet.spy(&[Spy::SETTLEMENTS]).await;
    Hand::new(&fleet.bus, "other").appears(&[], &[job]).await;
    has_given_up(&mut fleet).await;

    let said = spy.all().iter().filter_map(tests::Overheard::settlement).collect::<Vec<_>>();
    let stale = said.iter().find(|s| s.stream == "JOBS_diagnostic" && s.delivery == 1);
    assert_eq!(stale, None, "the delivery was another's by then");
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
