//! Invariant 3: result, event, ack; webhooks follow from the event.

use common::job::{EventKind, JobState, Lane};
use serde_json::json;
use tests::{Hand, Overheard, Receiver, Role, Spy, Stack, success};

fn is_end(one: &Overheard) -> bool {
    one.subject.starts_with("feed.") && one.event().is_some_and(|event| event.is_terminal())
}

/// A worker writes the end only when the object that it names is stored, and acks only after the end.
#[tokio::test]
async fn a_worker_stores_then_tells_then_acks() {
    let stack = Stack::start().await;
    let spy = stack.spy(&[Spy::EVENTS, Spy::SETTLEMENTS]).await;
    let client = stack.client();
    client.submit("diagnostic.echo", json!("z".repeat(40_000))).await;
    let acked = |one: &Overheard| {
        one.settlement().is_some_and(|s| s.stream == "JOBS_diagnostic" && s.kind == "+ACK")
    };
    let heard = spy.wait_for("the end", |heard| heard.iter().any(is_end)).await;
    let end = heard.iter().find(|one| is_end(one)).and_then(Overheard::event).unwrap();
    let key = end.result.unwrap().key.expect("it is too large for the event");
    assert_eq!(stack.objects.head(&key).await.unwrap().bytes, 40_002);

    let heard = spy.wait_for("the ack", |heard| heard.iter().any(acked)).await;
    assert!(heard.iter().position(is_end).unwrap() < heard.iter().position(acked).unwrap());
}

/// The worker dies between the end and its ack: whoever gets the message drops it, and the callback comes once.
#[tokio::test]
async fn a_crash_after_the_end_runs_nothing_again() {
    let receiver = Receiver::start().await;
    let mut stack = Stack::builder().without(Role::Worker).start().await;
    let spy = stack.spy(&[Spy::EVENTS]).await;
    let job = json!({ "operation": "diagnostic.echo", "webhook": receiver.url() });
    let job = stack.client().submit_job(job).await.id;
    let mut held = Hand::new(&stack.bus, "dies").take(Lane::Normal).await;
    held.start().await;
    held.finish(success("1")).await;
    receiver.wait_for(1).await;

    stack.add(Role::Worker).await;
    tests::eventually("the message is dropped", async || {
        stack.bus.find_job_message(&held.job).await.unwrap().is_none()
    })
    .await;
    let kinds: Vec<_> = spy.events_of(job).iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Queued, EventKind::Started, EventKind::Succeeded]);
    assert_eq!(receiver.received().len(), 1);
}

/// The worker dies between its result and the end: the job runs again, and the end names the second run's result.
#[tokio::test]
async fn a_crash_before_the_end_runs_the_job_again() {
    let mut stack = Stack::builder().without(Role::Worker).start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.echo", json!("z".repeat(40_000))).await.id;
    let mut held = Hand::new(&stack.bus, "dies").take(Lane::Normal).await;
    held.start().await;
    let key = common::objects::RunKey { job, run: held.run.id }.result();
    stack.objects.put(&key, bytes::Bytes::from_static(b"\"unannounced\"")).await.unwrap();
    stack.add(Role::Worker).await;
    let ended = client.ended(job).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 2));
    assert_eq!(client.result(job).await.bytes.len(), 40_002);
}
