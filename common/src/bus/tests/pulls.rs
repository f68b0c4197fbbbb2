//! Pulling again and again over one subscription.

use super::*;

async fn consumer(bus: &Bus) -> LaneConsumer {
    bus.lane_consumer("diagnostic", "diagnostic", Lane::Normal).await.unwrap()
}

fn ids(messages: &[WorkMessage]) -> Vec<JobId> {
    let id = |message: &WorkMessage| match &message.work {
        Work::Job(stored) => stored.event.job.id,
        other => panic!("{other:?}"),
    };
    messages.iter().map(id).collect()
}

#[tokio::test]
async fn every_pull_gets_its_own_messages() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let first = submit(&bus, envelope(Lane::Normal)).await.event.job.id;
    let consumer = consumer(&bus).await;
    assert_eq!(ids(&consumer.take(5, true).await.unwrap()), [first]);
    assert!(consumer.take(5, true).await.unwrap().is_empty());
    let mut later = Vec::new();
    for _ in 0..3 {
        later.push(submit(&bus, envelope(Lane::Normal)).await.event.job.id);
    }
    assert_eq!(ids(&consumer.take(2, true).await.unwrap()), later[..2]);
    assert_eq!(ids(&consumer.take(2, true).await.unwrap()), later[2..]);
}

/// The broker sends nothing to a pull whose caller went away: what comes next is for whoever asks next, at once.
#[tokio::test]
async fn a_pull_that_is_given_up_takes_nothing_along() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let outbox = bus.consumer(FixedConsumer::Outbox).await.unwrap();
    let long = outbox.fetch(1, Duration::from_secs(5));
    assert!(tokio::time::timeout(Duration::from_millis(200), long).await.is_err());
    let job = submit(&bus, envelope(Lane::Normal)).await.event.job.id;
    let found = outbox.fetch(1, Duration::from_secs(5)).await.unwrap();
    assert_eq!(found[0].subject(), subjects::events(job));
    assert_eq!(found[0].delivered, 1);
}

#[tokio::test]
async fn pulls_go_on_after_a_restart_and_fail_without_the_consumer() {
    let mut server = NatsServer::start().await;
    let bus = server.bus().await;
    let before = submit(&bus, envelope(Lane::Normal)).await.event.job.id;
    let consumer = consumer(&bus).await;
    assert_eq!(ids(&consumer.take(1, true).await.unwrap()), [before]);
    server.kill();
    server.resume().await;
    let mut connection = bus.connection();
    connection.wait_for(|now| now.connected && now.reconnects > 0).await.unwrap();
    let after = submit(&bus, envelope(Lane::Normal)).await.event.job.id;
    // A killed broker may have forgotten that it gave the first one out.
    let found = ids(&consumer.take(2, true).await.unwrap());
    assert!(found.contains(&after), "{found:?}");
    bus.remove_lane_consumer("diagnostic", "diagnostic", Lane::Normal).await.unwrap();
    assert!(consumer.take(1, true).await.is_err());
}
