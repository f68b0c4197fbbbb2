//! Taking jobs on a real nats-server.

use std::sync::Arc;

use common::bus::testing::NatsServer;
use common::bus::{Place, WorkMessage};
use common::clock::{Clock as _, SystemClock};
use common::error_code::ErrorCode;
use common::job::{JobError, JobEvent, JobState, Lane, Outcome, RunId};

use super::*;
use crate::engine::testing::context;
use crate::report::{Reported, Reporter};

/// A worker's decisions, taken by hand.
struct Hand {
    clock: SharedClock,
    run: Run,
    stop: CancellationToken,
}

impl Hand {
    fn new() -> Self {
        Self { clock: Arc::new(SystemClock), run: run(), stop: CancellationToken::new() }
    }

    fn taker<'a>(&'a self, bus: &'a Bus) -> Taker<'a> {
        let (clock, run, stop) = (&self.clock, &self.run, &self.stop);
        Taker { bus, clock, run, vanish_limit: 3, delivery_limit: 20, stop }
    }

    fn reporter<'a>(&'a self, bus: &'a Bus) -> Reporter<'a> {
        Reporter { bus, clock: &self.clock, run: &self.run }
    }
}

fn run() -> Run {
    Run { id: RunId::new(&SystemClock), worker_id: "gone".to_owned() }
}

/// What a gateway does.
async fn submit(bus: &Bus) -> StoredEvent {
    let job = context("diagnostic.echo", "diagnostic", "{}", false).job;
    let event = JobEvent::submitted(job, &SystemClock);
    let stored = bus.events().create(&event, PATIENCE).await.unwrap();
    bus.ensure_model_consumers("diagnostic", "diagnostic").await.unwrap();
    bus.publish_job(&stored, PATIENCE).await.unwrap();
    stored
}

async fn pull(bus: &Bus) -> WorkMessage {
    let lane = bus.lane_consumer("diagnostic", "diagnostic", Lane::Normal).await.unwrap();
    loop {
        if let Some(message) = lane.take(1, true).await.unwrap().pop() {
            return message;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn start(bus: &Bus, stored: &StoredEvent, run: &Run) -> StoredEvent {
    let event = stored.event.started(run, &SystemClock).unwrap();
    bus.events().swap(&event, stored.sequence, PATIENCE).await.unwrap()
}

/// The broker stops between the pull and the start. The start lies in the connection's buffer and is stored when the
/// broker is back: had this worker given up meanwhile, the job would show a run that nobody runs.
#[tokio::test]
async fn a_start_without_an_answer_is_asked_about_until_it_is_known() {
    let mut server = NatsServer::start().await;
    let bus = server.bus().await;
    let stored = submit(&bus).await;
    let message = pull(&bus).await;
    server.kill();
    let hand = Hand::new();
    let taker = hand.taker(&bus);
    let taking = taker.take(stored, message.pulled.delivered);
    tokio::pin!(taking);
    let early = tokio::time::timeout(PATIENCE + Duration::from_millis(500), &mut taking).await;
    assert!(early.is_err(), "gave up without knowing: {early:?}");
    server.resume().await;
    let taken = tokio::time::timeout(Duration::from_secs(30), taking).await.unwrap();
    let Taken::Ours(ours) = taken else { panic!("{taken:?}") };
    assert_eq!((ours.event.attempt, ours.event.vanished), (1, 0));
    assert!(ours.event.is_owned_by(hand.run.id));
    message.pulled.ack().await.unwrap();
}

/// After an outage every owner looks dead for a moment, and a worker that has just come can not know of an outage.
#[tokio::test]
async fn who_has_just_come_takes_nobody_over() {
    let server = NatsServer::start().await;
    let first = server.bus().await;
    let stored = submit(&first).await;
    let message = pull(&first).await;
    let running = start(&first, &stored, &run()).await;

    let bus = server.bus().await;
    let hand = Hand::new();
    let early = hand.taker(&bus).take(running.clone(), 2).await;
    assert!(matches!(early, Taken::Later(pause) if pause == bus.ack_wait()), "{early:?}");
    tokio::time::sleep(bus.ack_wait()).await;
    let taken = hand.taker(&bus).take(running, 3).await;
    let Taken::Ours(ours) = taken else { panic!("{taken:?}") };
    assert_eq!((ours.event.attempt, ours.event.vanished), (2, 1));
    message.pulled.ack().await.unwrap();
}

/// Such a message could start a job that ended long ago and was forgotten.
#[tokio::test]
async fn a_message_that_does_not_say_what_it_follows_starts_nothing() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let job = context("diagnostic.echo", "diagnostic", "{}", false).job;
    let event = JobEvent::submitted(job, &SystemClock);
    let id = event.job.id;
    let hand = Hand::new();
    let taken = hand.taker(&bus).take(StoredEvent { event, sequence: 0 }, 1).await;
    assert!(matches!(taken, Taken::Settled), "{taken:?}");
    assert!(bus.events().last(id).await.unwrap().is_none());
}

/// The attempt failed in the moment in which its cancellation was asked for: it is not put back for minutes.
#[tokio::test]
async fn a_canceled_job_is_not_put_back() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let hand = Hand::new();
    for give_back in [true, false] {
        let stored = submit(&bus).await;
        let owned = start(&bus, &stored, &hand.run).await;
        let asked = owned.event.cancel_requested(&SystemClock).unwrap();
        bus.events().swap(&asked, owned.sequence, PATIENCE).await.unwrap();
        let reporter = hand.reporter(&bus);
        let reported = if give_back {
            reporter.give_back(&owned, Duration::from_mins(1)).await
        } else {
            let error = JobError::retryable(ErrorCode::EngineFailed, "it failed");
            reporter.requeue(&owned, &error, Duration::from_mins(1)).await
        };
        assert!(matches!(reported, Reported::Written(_)), "{reported:?}");
        let last = bus.events().last(owned.event.job.id).await.unwrap().unwrap();
        assert_eq!(last.event.state, JobState::Canceled);
        let found = bus.find_job_message(&owned.event.job).await.unwrap();
        assert_eq!(found.map(|found| found.place), Some(Place::Jobs), "nothing was scheduled");
    }
}

/// A crash between putting the job back and scheduling it: the old message schedules it, whoever gets it.
#[tokio::test]
async fn an_older_message_sees_its_successor_on_its_way_before_it_goes() {
    let server = NatsServer::start().await;
    let bus = server.bus().await;
    let stored = submit(&bus).await;
    let message = pull(&bus).await;
    let owned = start(&bus, &stored, &run()).await;
    let back = owned.event.given_back(SystemClock.now().plus(Duration::from_mins(1)), &SystemClock);
    bus.events().swap(&back.unwrap(), owned.sequence, PATIENCE).await.unwrap();

    let hand = Hand::new();
    let taken = hand.taker(&bus).take(stored.clone(), 2).await;
    assert!(matches!(taken, Taken::Settled), "{taken:?}");
    let found = bus.find_job_message(&stored.event.job).await.unwrap().unwrap();
    assert_eq!((found.place, found.event_version), (Place::Scheduled, Some(3)));
    message.pulled.ack().await.unwrap();

    let retention = bus.events().retention();
    let last = bus.events().last(stored.event.job.id).await.unwrap().unwrap();
    let end = last.event.finished(Outcome::Canceled, None, retention, &SystemClock).unwrap();
    bus.events().swap(&end, last.sequence, PATIENCE).await.unwrap();
    let dropped = hand.taker(&bus).take(last, 1).await;
    assert!(matches!(dropped, Taken::Settled), "{dropped:?}");
}
