//! A worker whose every step a test takes: real messages, real events, no engine.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use common::bus::{Bus, OfferedModel, Presence, Pulled, Reply, ReplyKind, StoredEvent, Work};
use common::clock::{Clock, SystemClock};
use common::job::{JobEnvelope, JobError, JobEvent, JobResult, Lane, Outcome, Run, RunId};
use serde_json::value::RawValue;

use crate::testing::TestGateway;

const PATIENCE: Duration = Duration::from_secs(20);

/// A worker that offers one model.
pub(crate) struct FakeWorker {
    pub(crate) bus: Bus,
    capability: String,
    model: String,
}

/// A call or job that was taken.
pub(crate) struct Taken {
    bus: Bus,
    pulled: Pulled,
    pub(crate) job: Arc<JobEnvelope>,
    pub(crate) stored: Option<StoredEvent>,
    pub(crate) run: Run,
    sequence: u64,
}

impl FakeWorker {
    /// A worker that the gateway knows.
    pub(crate) async fn start(
        gateway: &TestGateway,
        capability: &str,
        model: &str,
        operations: &[&str],
    ) -> Self {
        let worker = Self {
            bus: gateway.parts.bus.clone(),
            capability: capability.to_owned(),
            model: model.to_owned(),
        };
        worker.appear(operations).await;
        worker.is_known(gateway).await;
        worker
    }

    /// The diagnostic worker.
    pub(crate) async fn diagnostic(gateway: &TestGateway) -> Self {
        let operations = ["diagnostic.echo", "diagnostic.sleep", "diagnostic.fail"];
        Self::start(gateway, "diagnostic", "diagnostic", &operations).await
    }

    /// A chat worker with the model `tiny`.
    pub(crate) async fn chat(gateway: &TestGateway) -> Self {
        Self::start(gateway, "llm", "tiny", &["chat", "embeddings"]).await
    }

    async fn appear(&self, operations: &[&str]) {
        let now = SystemClock.now();
        let offered = OfferedModel {
            model: self.model.clone(),
            operations: operations.iter().map(|&name| name.to_owned()).collect(),
            warm: true,
        };
        let presence = Presence {
            worker_id: format!("fake-{}", self.capability),
            version: "test".to_owned(),
            started_at: now,
            seen_at: now,
            capabilities: BTreeMap::from([(self.capability.clone(), vec![offered])]),
            slots: 1,
            running: Vec::new(),
            draining: false,
        };
        self.bus.put_presence(&presence).await.unwrap();
        self.bus.ensure_model_consumers(&self.capability, &self.model).await.unwrap();
    }

    /// Leaves.
    pub(crate) async fn leave(&self, gateway: &TestGateway) {
        self.bus.remove_presence(&format!("fake-{}", self.capability)).await.unwrap();
        let mut offers = gateway.state.catalog.offers();
        let gone = offers.wait_for(|offers| !offers.is_offered(&self.capability, &self.model));
        tokio::time::timeout(PATIENCE, gone).await.expect("the gateway notices").unwrap();
    }

    async fn is_known(&self, gateway: &TestGateway) {
        let mut offers = gateway.state.catalog.offers();
        let known = offers.wait_for(|offers| offers.is_offered(&self.capability, &self.model));
        tokio::time::timeout(PATIENCE, known).await.expect("the gateway notices").unwrap();
    }

    /// Takes the next message of a lane.
    pub(crate) async fn take(&self, lane: Lane) -> Taken {
        self.take_of(&[lane]).await
    }

    /// Takes the next message of any of these lanes.
    pub(crate) async fn take_of(&self, lanes: &[Lane]) -> Taken {
        let until = tokio::time::Instant::now() + PATIENCE;
        loop {
            for lane in lanes {
                if let Some(taken) = self.try_take(*lane).await {
                    return taken;
                }
            }
            assert!(tokio::time::Instant::now() < until, "nothing came in {lanes:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Takes what is there; a lane whose stream is away has nothing.
    async fn try_take(&self, lane: Lane) -> Option<Taken> {
        let consumer = self.bus.lane_consumer(&self.capability, &self.model, lane).await.ok()?;
        let message = consumer.take(1, true).await.ok()?.pop()?;
        let run = Run { id: RunId::new(&SystemClock), worker_id: "fake".to_owned() };
        let (job, stored) = match message.work {
            Work::Call(job) => (Arc::new(*job), None),
            Work::Job(stored) => (Arc::clone(&stored.event.job), Some(*stored)),
            Work::Unreadable(why) => panic!("an unreadable message: {why}"),
        };
        Some(Taken { bus: self.bus.clone(), pulled: message.pulled, job, stored, run, sequence: 0 })
    }

    /// Whether nothing waits in a lane.
    pub(crate) async fn is_empty(&self, lane: Lane) -> bool {
        let consumer = self.bus.lane_consumer(&self.capability, &self.model, lane).await.unwrap();
        consumer.take(1, true).await.unwrap().is_empty()
    }
}

impl Taken {
    /// Takes a job as its owner, or says that a call began.
    pub(crate) async fn start(&mut self) {
        if let Some(stored) = &self.stored {
            let event = stored.event.started(&self.run, &SystemClock).unwrap();
            let stored = self.bus.events().swap(&event, stored.sequence, PATIENCE).await.unwrap();
            self.stored = Some(stored);
        }
        self.reply(ReplyKind::Started, "").await;
    }

    /// Sends a reply.
    pub(crate) async fn reply(&mut self, kind: ReplyKind, body: impl Into<Bytes>) {
        let reply = Reply { run_id: self.run.id, sequence: self.sequence, kind, body: body.into() };
        self.sequence += 1;
        if let Some(gateway) = &self.job.reply_to {
            self.bus.publish_reply(gateway, self.job.id, &reply).await.unwrap();
        }
    }

    /// Sends a part of the answer.
    pub(crate) async fn chunk(&mut self, part: &str) {
        self.reply(ReplyKind::Chunk, Bytes::copy_from_slice(part.as_bytes())).await;
    }

    /// What the job was given, wherever it lies.
    pub(crate) async fn input(&self, gateway: &TestGateway) -> serde_json::Value {
        match (&self.job.input, &self.job.input_object) {
            (Some(input), _) => serde_json::from_str(input.get()).unwrap(),
            (None, Some(object)) => {
                let bytes = gateway.parts.objects.get(&object.key).await.unwrap();
                serde_json::from_slice(&bytes).unwrap()
            }
            (None, None) => panic!("the job has no input"),
        }
    }

    /// Loses a reply on its way.
    pub(crate) fn lose_one(&mut self) {
        self.sequence += 1;
    }

    /// Another run of the same message: this one's worker vanished.
    pub(crate) fn take_over(&mut self) {
        self.run = Run { id: RunId::new(&SystemClock), worker_id: "other".to_owned() };
        self.sequence = 0;
    }

    /// Answers a call and settles it.
    pub(crate) async fn answer(&mut self, content_type: &str, body: &str) {
        let kind = ReplyKind::Result { content_type: content_type.to_owned() };
        self.reply(kind, Bytes::copy_from_slice(body.as_bytes())).await;
        self.pulled.ack().await.unwrap();
    }

    /// Fails a call and settles it.
    pub(crate) async fn fail(&mut self, error: &JobError) {
        self.reply(ReplyKind::Error, serde_json::to_vec(error).unwrap()).await;
        self.pulled.ack().await.unwrap();
    }

    /// Ends a job with a small JSON result: event, reply, ack.
    pub(crate) async fn succeed(&mut self, json: &str) -> JobEvent {
        let result = JobResult {
            content_type: "application/json".to_owned(),
            bytes: json.len() as u64,
            inline: Some(RawValue::from_string(json.to_owned()).unwrap().into()),
            key: None,
        };
        self.end(result).await
    }

    /// Ends a job with a result that lies in the object store.
    pub(crate) async fn succeed_with_object(&mut self, content_type: &str, key: &str, bytes: u64) {
        self.end(JobResult {
            content_type: content_type.to_owned(),
            bytes,
            inline: None,
            key: Some(key.to_owned()),
        })
        .await;
    }

    async fn end(&mut self, result: JobResult) -> JobEvent {
        let content_type = result.content_type.clone();
        let body = result.inline.as_ref().map_or(String::new(), |json| json.get().to_owned());
        let outcome = Outcome::Succeeded {
            result: Some(result),
            artifacts: Vec::new(),
            usage: None,
            load_ms: None,
        };
        let event = self.finish(outcome).await;
        // After chunks the last reply is empty.
        let body = if self.sequence > 1 { String::new() } else { body };
        self.reply(ReplyKind::Result { content_type }, body).await;
        self.pulled.ack().await.unwrap();
        event
    }

    /// Writes the terminal event of a job.
    pub(crate) async fn finish(&mut self, outcome: Outcome) -> JobEvent {
        let stored = self.stored.as_ref().expect("a job");
        // Its cancellation may have been asked for meanwhile.
        let last = self.bus.events().last(stored.event.job.id).await.unwrap().unwrap();
        let retention = self.bus.events().retention();
        let event = last.event.finished(outcome, Some(&self.run), retention, &SystemClock).unwrap();
        let stored = self.bus.events().swap(&event, last.sequence, PATIENCE).await.unwrap();
        self.stored = Some(stored);
        event
    }
}
