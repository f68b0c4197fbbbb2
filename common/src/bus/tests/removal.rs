//! Removing a message must leave every other one where it is.

use super::*;

async fn take(bus: &Bus, job: &StoredEvent) -> WorkMessage {
    let message = take_one(bus, Lane::Normal).await;
    assert!(message.pulled.subject().ends_with(&job.event.job.id.to_string()));
    message
}

/// A purge of one subject makes the broker forget others that were given out before: they are neither waiting nor
/// given out then, and nobody ever gets them.
#[tokio::test]
async fn a_message_that_is_removed_takes_no_other_with_it() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let kept = submit(&bus, envelope(Lane::Normal)).await;
    let removed = submit(&bus, envelope(Lane::Normal)).await;
    let given_out = take(&bus, &kept).await;
    take(&bus, &removed).await;
    bus.remove_job(&removed.event.job).await.unwrap();
    for _ in 0..3 {
        let done = submit(&bus, envelope(Lane::Normal)).await;
        take(&bus, &done).await.pulled.ack().await.unwrap();
        let canceled = submit(&bus, envelope(Lane::Normal)).await;
        bus.remove_job(&canceled.event.job).await.unwrap();
    }
    assert_eq!(bus.unclaimed_messages("diagnostic").await.unwrap(), 0);
    given_out.pulled.nak(None).await.unwrap();
    take(&bus, &kept).await.pulled.ack().await.unwrap();
}

#[tokio::test]
async fn what_is_gone_already_is_removed_as_well() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let job = submit(&bus, envelope(Lane::Normal)).await.event.job;
    for _ in 0..2 {
        bus.remove_job(&job).await.unwrap();
        bus.remove_call(&job).await.unwrap();
        assert_eq!(bus.find_job_message(&job).await.unwrap(), None);
    }
}

/// As two keepers do that end the same job.
#[tokio::test]
async fn a_message_that_is_gone_needs_no_removal() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let job = submit(&bus, envelope(Lane::Normal)).await;
    let stream = bus.stream(&subjects::jobs_stream("diagnostic")).await.unwrap();
    let sequence = take(&bus, &job).await.pulled.stream_sequence;
    remove::remove(&stream, sequence).await.unwrap();
    remove::remove(&stream, sequence).await.unwrap();
}
