//! Jobs that are gone and stay gone (6).

use std::time::Duration;

use common::bus::StoredEvent;
use common::job::EventKind;
use serde_json::json;
use tests::{Spy, Stack, eventually};

/// Interleaving 6: when the terminal event has expired, neither an older event may show again, nor may a late copy of
/// the message start the job anew.
#[tokio::test]
async fn an_expired_job_stays_gone() {
    let stack = Stack::builder().status_retention(Duration::from_secs(1)).start().await;
    let spy = stack.spy(&[Spy::EVENTS]).await;
    let job = stack.client().submit("diagnostic.echo", json!({})).await.id;
    spy.wait_for("the end", |heard| {
        heard.iter().filter_map(tests::Overheard::event).any(|event| event.is_terminal())
    })
    .await;
    let events = stack.bus.events();
    eventually("the end expires", async || events.last(job).await.unwrap().is_none()).await;
    assert!(events.status(job, None).await.unwrap().is_none());

    let told = spy.events_of(job);
    // The sequence is that of no event: it is as old as the message.
    for sequence in [0, 1] {
        let late = StoredEvent { event: told[0].clone(), sequence };
        stack.bus.republish_job(&late, Duration::from_secs(5)).await.unwrap();
        eventually("the copy is dropped", async || {
            stack.bus.find_job_message(&late.event.job).await.unwrap().is_none()
        })
        .await;
    }
    assert_eq!(spy.events_of(job).len(), told.len());
}

/// Interleaving 6: only the end of a job has an age.
#[tokio::test]
async fn a_job_that_waits_does_not_age() {
    let stack = Stack::start().await;
    let spy = stack.spy(&[Spy::WRITES]).await;
    let job = stack.client().submit("diagnostic.echo", json!({})).await.id;
    stack.client().ended(job).await;
    let ages: Vec<_> = spy
        .all()
        .iter()
        .filter_map(|one| Some((one.event()?.kind, one.headers.get("Nats-TTL").is_some())))
        .collect();
    let expected =
        [(EventKind::Queued, false), (EventKind::Started, false), (EventKind::Succeeded, true)];
    assert_eq!(ages, expected);
    let client = async_nats::connect(stack.nats.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let stream = jetstream.get_stream("JOB_EVENTS").await.unwrap();
    assert!(stream.cached_info().config.max_age.is_zero());
}
