//! Invariant 2: one terminal event per job.

use std::collections::HashMap;

use common::bus::WriteError;
use common::job::{JobEvent, JobState, Lane, Outcome};
use futures::future::join_all;
use serde_json::json;
use tests::{Hand, Overheard, Receiver, Role, Spy, Stack, success};

/// Cancellations race with the ends of the jobs that they are for. Whoever is first stands, for everybody.
#[tokio::test]
async fn of_a_cancellation_and_a_result_one_stands() {
    const JOBS: usize = 40;
    let receiver = Receiver::start().await;
    let stack = Stack::start().await;
    let spy = stack.spy(&[Spy::EVENTS]).await;
    let client = stack.client();
    let races = (0..JOBS).map(|n| {
        let job = json!({
            "operation": "diagnostic.sleep", "input": { "ms": n * 2 }, "webhook": receiver.url(),
        });
        let client = &client;
        async move {
            let job = client.submit_job(job).await.id;
            client.cancel(job).await;
            client.ended(job).await
        }
    });
    let ended = join_all(races).await;
    let heard = spy.wait_for("all ends", |heard| ends(heard).len() >= JOBS).await;
    let mut by_job: HashMap<_, Vec<_>> = HashMap::new();
    for end in ends(&heard) {
        by_job.entry(end.job.id).or_default().push(end);
    }
    let told = receiver.wait_for(JOBS).await;
    for job in ended {
        let [end] = by_job[&job.id].as_slice() else { panic!("{:#?}", by_job[&job.id]) };
        assert_eq!(end.state, job.status);
        let of_job = |one: &&tests::Received| one.payload().data.job.unwrap().id == job.id;
        let told: Vec<_> = told.iter().filter(of_job).map(|one| one.payload().id).collect();
        assert_eq!(told, [end.id]);
    }
}

fn ends(heard: &[Overheard]) -> Vec<JobEvent> {
    heard.iter().filter_map(Overheard::event).filter(JobEvent::is_terminal).collect()
}

/// An end that comes second is refused, whoever writes it.
#[tokio::test]
async fn the_first_end_is_final() {
    let stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.echo", json!({})).await.id;
    let mut held = Hand::new(&stack.bus, "slow").take(Lane::Normal).await;
    held.start().await;
    assert!(client.cancel(job).await.cancel_requested_at.is_some());
    // The worker has not heard of it, and its result is not the successor of what it believes.
    let refused = held.try_finish(success("1")).await;
    assert!(matches!(refused, Err(WriteError::Conflict(_))));
    held.last = stack.bus.events().last(job).await.unwrap();
    held.finish(Outcome::Canceled).await;
    held.ack().await;
    let refused = held.write({
        let mut event = held.believed().event.clone();
        event.state = JobState::Succeeded;
        event
    });
    // Not even a swap that names the end as its predecessor is made by the moves of a job.
    drop(refused);
    let end = stack.bus.events().last(job).await.unwrap().unwrap().event;
    assert!(
        end.finished(success("1"), None, std::time::Duration::ZERO, &common::clock::SystemClock)
            .is_err()
    );
    assert_eq!(client.ended(job).await.status, JobState::Canceled);
    assert_eq!(client.cancel(job).await.status, JobState::Canceled);
}
