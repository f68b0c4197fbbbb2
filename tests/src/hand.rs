//! A worker whose every step a test takes: real messages, real events, no engine, and no farewell.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use common::bus::{Bus, OfferedModel, Presence, Pulled, StoredEvent, Work, WriteError};
use common::clock::{Clock as _, SystemClock};
use common::job::testing::echo_job;
use common::job::{JobEnvelope, JobEvent, JobId, JobResult, Lane, Outcome, Run, RunId};
use tokio::time::Instant;

use crate::wait::PATIENCE;

/// How long one write waits for the broker.
const WRITE: Duration = Duration::from_secs(5);

/// A worker, keeper or gateway, as far as a test plays it.
pub struct Hand {
    bus: Bus,
    capability: String,
    model: String,
    worker_id: String,
}

impl Hand {
    /// A worker for diagnostic jobs. Nobody sees it until it appears.
    pub fn new(bus: &Bus, worker_id: &str) -> Self {
        Self::of(bus, worker_id, "diagnostic", "diagnostic")
    }

    /// A worker for a model.
    pub fn of(bus: &Bus, worker_id: &str, capability: &str, model: &str) -> Self {
        Self {
            bus: bus.clone(),
            capability: capability.to_owned(),
            model: model.to_owned(),
            worker_id: worker_id.to_owned(),
        }
    }

    /// Beats once: it lives, offers its model for these operations and runs these jobs.
    pub async fn appears(&self, operations: &[&str], running: &[JobId]) {
        let now = SystemClock.now();
        let offered = OfferedModel {
            model: self.model.clone(),
            operations: operations.iter().map(|&name| name.to_owned()).collect(),
            warm: true,
        };
        let presence = Presence {
            worker_id: self.worker_id.clone(),
            version: "hand".to_owned(),
            started_at: now,
            seen_at: now,
            capabilities: BTreeMap::from([(self.capability.clone(), vec![offered])]),
            slots: 1,
            running: running.to_vec(),
            draining: false,
        };
        self.bus.put_presence(&presence).await.expect("the broker is there");
    }

    /// Its beat is forgotten.
    pub async fn vanishes(&self) {
        self.bus.remove_presence(&self.worker_id).await.expect("the broker is there");
    }

    /// Takes the next message of a lane, and does nothing about it yet.
    pub async fn take(&self, lane: Lane) -> Held {
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(held) = self.look(lane).await {
                return held;
            }
            assert!(Instant::now() < until, "nothing came in the lane {}", lane.as_str());
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Takes a message of a lane when there is one now.
    pub async fn look(&self, lane: Lane) -> Option<Held> {
        // The consumer may not be there before the first job.
        let consumer = self.bus.lane_consumer(&self.capability, &self.model, lane).await.ok()?;
        let message = consumer.take(1, true).await.ok()?.pop()?;
        let (job, stored) = match message.work {
            Work::Call(job) => (Arc::new(*job), None),
            Work::Job(stored) => (Arc::clone(&stored.event.job), Some(*stored)),
            Work::Unreadable(why) => panic!("an unreadable message: {why}"),
        };
        let run = Run { id: RunId::new(&SystemClock), worker_id: self.worker_id.clone() };
        Some(Held { bus: self.bus.clone(), message: message.pulled, job, last: stored, run })
    }

    /// What a gateway does that dies between event and message.
    pub async fn records_only(&self, job: JobEnvelope) -> StoredEvent {
        let event = JobEvent::submitted(Arc::new(job), &SystemClock);
        self.bus.events().create(&event, WRITE).await.expect("the event is new")
    }

    /// An echo job as a gateway makes it.
    pub fn envelope(&self, tenant: &str, change: impl FnOnce(&mut JobEnvelope)) -> JobEnvelope {
        let mut job = JobEnvelope {
            tenant: tenant.parse().expect("a legal tenant"),
            capability: self.capability.clone(),
            model: self.model.clone(),
            ..echo_job(&SystemClock)
        };
        change(&mut job);
        job
    }
}

/// A message in hand.
pub struct Held {
    bus: Bus,
    /// The message, to be settled or not.
    pub message: Pulled,
    /// What is asked.
    pub job: Arc<JobEnvelope>,
    /// The event that this holder believes to be the last; none for a call.
    pub last: Option<StoredEvent>,
    /// The run that this holder writes under.
    pub run: Run,
}

impl Held {
    /// Writes `started`, and owns the job.
    pub async fn start(&mut self) -> JobEvent {
        let event = self.believed().event.started(&self.run, &SystemClock).expect("it may start");
        self.write(event).await.expect("the job is free")
    }

    /// Writes `started` over the owner, whoever that is.
    pub async fn take_over(&mut self) -> JobEvent {
        let last = self.bus.events().last(self.job.id).await.expect("the broker is there");
        self.last = last;
        self.start().await
    }

    /// Ends the job.
    pub async fn finish(&mut self, outcome: Outcome) -> JobEvent {
        self.try_finish(outcome).await.expect("the job is ours")
    }

    /// Ends the job, unless it is another's by now.
    pub async fn try_finish(&mut self, outcome: Outcome) -> Result<JobEvent, WriteError> {
        let retention = self.bus.events().retention();
        let last = &self.believed().event;
        let event = last.finished(outcome, Some(&self.run), retention, &SystemClock);
        self.write(event.expect("it may end")).await
    }

    /// Writes an event that follows the believed one.
    pub async fn write(&mut self, event: JobEvent) -> Result<JobEvent, WriteError> {
        let stored = self.bus.events().swap(&event, self.believed().sequence, WRITE).await?;
        self.last = Some(stored);
        Ok(event)
    }

    /// Settles the message.
    pub async fn ack(&self) {
        self.message.ack().await.expect("the broker is there");
        self.is_sent().await;
    }

    /// Gives the message back at once.
    pub async fn nak(&self) {
        self.message.nak(None).await.expect("the broker is there");
        self.is_sent().await;
    }

    /// What was sent before this round trip has left: a test that ends right after it must not keep it back.
    async fn is_sent(&self) {
        self.bus.check().await.expect("the broker is there");
    }

    /// The event that this holder believes to be the last.
    pub fn believed(&self) -> &StoredEvent {
        self.last.as_ref().expect("a call has no events")
    }
}

/// A success whose result lies in the object store.
pub fn success_at(key: &str, bytes: u64) -> Outcome {
    let result = JobResult {
        content_type: "application/json".to_owned(),
        bytes,
        inline: None,
        key: Some(key.to_owned()),
    };
    Outcome::Succeeded { result: Some(result), artifacts: Vec::new(), usage: None, load_ms: None }
}
