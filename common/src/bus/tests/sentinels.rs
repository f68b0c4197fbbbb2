//! The first message of a queue is no job, and nobody notices.

use super::*;

async fn first(bus: &Bus) -> (u64, String) {
    let stream = bus.stream("JOBS_diagnostic").await.unwrap();
    let first = stream.get_first_raw_message_by_subject(">", 1).await.unwrap();
    (first.sequence, first.subject.to_string())
}

async fn fill(bus: &Bus) -> StreamFill {
    let fills = bus.stream_fill().await.unwrap();
    fills.into_iter().find(|fill| fill.name == "JOBS_diagnostic").unwrap()
}

#[tokio::test]
async fn a_sentinel_stays_first_and_is_no_job() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let empty = fill(&bus).await;
    assert_eq!((empty.messages, empty.max_messages), (0, Some(100_000)));
    for _ in 0..3 {
        submit(&bus, envelope(Lane::Normal)).await;
    }
    assert_eq!(fill(&bus).await.messages, 3);
    assert_eq!(bus.unclaimed_messages("diagnostic").await.unwrap(), 0);
    for _ in 0..3 {
        let message = take_one(&bus, Lane::Normal).await;
        assert!(matches!(message.work, Work::Job(_)));
        message.pulled.ack().await.unwrap();
    }
    // Another process at its start, and again after a reconnect.
    bus.ensure_topology().await.unwrap();
    assert_eq!(first(&bus).await, (1, "jobs.diagnostic.sentinel".to_owned()));
}

#[tokio::test]
async fn a_sentinel_moves_on_and_comes_back() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let job = submit(&bus, envelope(Lane::Normal)).await.event.job;
    bus.renew_sentinel("diagnostic", 2).await.unwrap();
    assert_eq!(first(&bus).await, (1, "jobs.diagnostic.sentinel".to_owned()));
    submit(&bus, envelope(Lane::Normal)).await;
    bus.renew_sentinel("diagnostic", 2).await.unwrap();
    assert_eq!(first(&bus).await, (2, subjects::job(&job)));
    assert_eq!(fill(&bus).await.messages, 2);
    // Somebody has purged the stream.
    bus.stream("JOBS_diagnostic").await.unwrap().purge().await.unwrap();
    bus.renew_sentinel("diagnostic", 2).await.unwrap();
    assert_eq!(first(&bus).await, (5, "jobs.diagnostic.sentinel".to_owned()));
}

/// Behind a long queue it would be of no use until the queue is empty.
#[tokio::test]
async fn the_sentinel_of_a_long_queue_stays() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    for job in 0..1_001 {
        let subject = format!("jobs.diagnostic.m.normal.acme.{job}");
        bus.jetstream.publish(subject, "".into()).await.unwrap().await.unwrap();
    }
    bus.renew_sentinel("diagnostic", 2).await.unwrap();
    assert_eq!(first(&bus).await.0, 1);
}

/// A queue without room for it lets a process start all the same.
#[tokio::test]
async fn a_full_queue_goes_without() {
    let server = NatsServer::start().await;
    let options = server.options("small");
    let limits = StreamLimits { jobs_messages: 1, ..options.limits };
    let options = BusOptions { limits, ..options };
    let bus = Bus::connect(options, Arc::new(SystemClock)).await.unwrap();
    bus.ensure_topology().await.unwrap();
    let stream = bus.stream("JOBS_diagnostic").await.unwrap();
    stream.purge().await.unwrap();
    let jobs =
        [submit(&bus, envelope(Lane::Normal)).await, submit(&bus, envelope(Lane::Normal)).await];
    bus.ensure_topology().await.unwrap();
    assert_eq!(first(&bus).await.1, subjects::job(&jobs[0].event.job));
    assert_eq!(fill(&bus).await.messages, 2);
}
