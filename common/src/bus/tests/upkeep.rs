//! What must hold when things are repeated, missing or changed.

use super::*;

/// A worker that finds an older message schedules the job once more; a schedule must not fire twice for that.
#[tokio::test]
async fn a_schedule_that_stands_is_replaced() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let event = JobEvent::submitted(envelope(Lane::Normal), &SystemClock);
    let mut stored = bus.events().create(&event, PATIENCE).await.unwrap();
    for milliseconds in [1_500, 300] {
        stored.event.run_at = SystemClock.now().plus(Duration::from_millis(milliseconds));
        bus.schedule_job(&stored, PATIENCE).await.unwrap();
    }
    let pump = bus.consumer(FixedConsumer::PumpJobs).await.unwrap();
    let due = pump.fetch(10, Duration::from_millis(1_000)).await.unwrap();
    assert_eq!(due.len(), 1, "the later one came first, or both did");
    due[0].ack().await.unwrap();
    let again = pump.fetch(10, Duration::from_millis(1_500)).await.unwrap();
    assert!(again.is_empty(), "{again:?}");
}

#[tokio::test]
async fn a_removed_job_leaves_nothing_behind_wherever_its_message_was() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let queued = submit(&bus, envelope(Lane::Normal)).await;
    let job = Arc::clone(&queued.event.job);
    let mut later = queued.clone();
    later.event.run_at = SystemClock.now().plus(Duration::from_secs(60));
    bus.schedule_job(&later, PATIENCE).await.unwrap();
    bus.remove_job(&job).await.unwrap();
    assert_eq!(bus.find_job_message(&job).await.unwrap(), None);

    later.event.run_at = SystemClock.now();
    bus.schedule_job(&later, PATIENCE).await.unwrap();
    while bus.find_job_message(&job).await.unwrap().map(|found| found.place) != Some(Place::Due) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    bus.remove_job(&job).await.unwrap();
    assert_eq!(bus.find_job_message(&job).await.unwrap(), None);
}

/// A model that is not ready may put its jobs back for days. What waits must not fill the stream of events.
#[tokio::test]
async fn a_job_that_is_put_back_again_and_again_takes_no_more_room() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let mut last = submit(&bus, envelope(Lane::Normal)).await;
    for _ in 0..10 {
        let started = last.event.started(&run(), &SystemClock).unwrap();
        let started = bus.events().swap(&started, last.sequence, PATIENCE).await.unwrap();
        let back = started.event.given_back(SystemClock.now(), &SystemClock).unwrap();
        last = bus.events().swap(&back, started.sequence, PATIENCE).await.unwrap();
    }
    let fills = bus.stream_fill().await.unwrap();
    let events = fills.iter().find(|fill| fill.name == subjects::JOB_EVENTS).unwrap();
    assert_eq!(events.messages, 1);
    let stored = bus.events().last(last.event.job.id).await.unwrap().unwrap();
    assert_eq!(stored.event.version, 21);
}

#[tokio::test]
async fn consumers_follow_the_ack_wait_and_keep_their_place() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    submit(&bus, envelope(Lane::Normal)).await;
    let taken = take_one(&bus, Lane::Normal).await;
    assert_eq!(taken.ack_wait, Duration::from_secs(2));

    let options = BusOptions { ack_wait: Duration::from_secs(7), ..server.options("second") };
    let second = Bus::connect(options, Arc::new(SystemClock)).await.unwrap();
    second.ensure_topology().await.unwrap();
    second.ensure_model_consumers("diagnostic", "diagnostic").await.unwrap();
    submit(&bus, envelope(Lane::Normal)).await;
    let next = take_one(&bus, Lane::Normal).await;
    assert_eq!(next.ack_wait, Duration::from_secs(7));
    assert_ne!(next.pulled.subject(), taken.pulled.subject());
}

/// A process may die between removing a consumer and making it anew.
#[tokio::test]
async fn a_missing_consumer_is_no_trouble_to_remove_and_is_made_again() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    bus.ensure_model_consumers("diagnostic", "diagnostic").await.unwrap();
    for _ in 0..2 {
        bus.remove_lane_consumer("diagnostic", "diagnostic", Lane::Bulk).await.unwrap();
    }
    let stream = bus.stream(FixedConsumer::Record.stream()).await.unwrap();
    bus.delete_consumer(&stream, FixedConsumer::Record.name()).await.unwrap();
    bus.rewind_consumer(FixedConsumer::Record, 1).await.unwrap();
    bus.delete_consumer(&stream, FixedConsumer::Record.name()).await.unwrap();

    let stop = tokio_util::sync::CancellationToken::new();
    let keeper = {
        let (bus, stop) = (bus.clone(), stop.clone());
        tokio::task::spawn(async move { bus.keep_topology(&stop).await })
    };
    let mut tries = 0;
    while bus.consumer(FixedConsumer::Record).await.is_err() {
        tries += 1;
        assert!(tries < 500, "the consumer was not made again");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    keeper.await.unwrap();
}

#[tokio::test]
async fn what_was_made_is_found_fit_again() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    bus.ensure_topology().await.unwrap();
    assert!(bus.inspect_topology().await.unwrap().is_empty());
}
