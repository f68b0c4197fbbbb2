//! The messages of jobs and calls: publishing, pulling by lane, removing.

use std::time::Duration;

use async_nats::jetstream::consumer::pull;
use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt};

use super::publish::{Refusal, publish};
use super::pull::Puller;
use super::{
    Bus, BusError, CALL_TIMEOUT, PublishError, Pulled, StoredEvent, bounded, headers, subjects,
};
use crate::job::{JobEnvelope, Lane};

/// The group that every pull of work names.
const GROUP: &str = "workers";
/// Warm workers are served before cold ones.
const WARM: usize = 0;
const COLD: usize = 5;

/// The queue of one model in one lane.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Queue {
    /// The model.
    pub model: String,
    /// The lane.
    pub lane: Lane,
}

/// The consumer of a queue.
pub struct LaneConsumer(Puller);

/// A job or call as it was pulled.
#[derive(Debug)]
pub struct WorkMessage {
    /// The message, to be settled.
    pub pulled: Pulled,
    /// What it asks for.
    pub work: Work,
    /// How long it may stay without a sign of life, as its queue has it.
    pub ack_wait: Duration,
}

/// What a message asks for.
#[derive(Debug)]
pub enum Work {
    /// A durable job: the message repeats the event that it follows, so that a worker can take it without a read.
    Job(Box<StoredEvent>),
    /// A synchronous call.
    Call(Box<JobEnvelope>),
    /// Nothing that this program can read.
    Unreadable(String),
}

impl Bus {
    /// Publishes the message of a job that is due. Ok also when a copy lies on the subject already.
    pub async fn publish_job(
        &self,
        stored: &StoredEvent,
        patience: Duration,
    ) -> Result<(), PublishError> {
        let message = job_message(stored)?.message_id(message_id(stored));
        self.publish_work(&stored.event.job, &message, patience).await
    }

    /// Publishes the message of a job again although the broker may remember its message id: for a message that is
    /// known to be missing.
    pub async fn republish_job(
        &self,
        stored: &StoredEvent,
        patience: Duration,
    ) -> Result<(), PublishError> {
        self.publish_work(&stored.event.job, &job_message(stored)?, patience).await
    }

    /// Publishes a synchronous call; the broker drops it after `ttl`, at least a second.
    pub async fn publish_call(
        &self,
        job: &JobEnvelope,
        ttl: Duration,
        patience: Duration,
    ) -> Result<(), PublishError> {
        let payload = encode(job)?;
        let mut map = async_nats::HeaderMap::new();
        headers::add_trace(&mut map);
        let message = PublishMessage::build()
            .payload(payload)
            .headers(map)
            .message_id(job.id.to_string())
            .ttl(ttl.max(Duration::from_secs(1)));
        self.publish_work(job, &message, patience).await
    }

    async fn publish_work(
        &self,
        job: &JobEnvelope,
        message: &PublishMessage,
        patience: Duration,
    ) -> Result<(), PublishError> {
        match publish(&self.jetstream, &subjects::job(job), message, patience).await {
            Ok(_) | Err(Refusal::SubjectTaken) => Ok(()),
            Err(refusal) => {
                if matches!(refusal, Refusal::Unknown(_)) {
                    // Perhaps the stream is gone, as a memory stream is after a restart, and its consumers with it.
                    self.missing_part.notify_one();
                }
                Err(refusal.into())
            }
        }
    }

    /// The queues of the wanted models of a capability that have a consumer, in every lane.
    pub async fn queues(
        &self,
        capability: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<Vec<Queue>, BusError> {
        let mut found = Vec::new();
        for name in [subjects::calls_stream(capability), subjects::jobs_stream(capability)] {
            let stream = self.stream(&name).await?;
            let names: Vec<String> = bounded(stream.consumer_names().try_collect()).await?;
            let queues = names.iter().filter_map(|name| subjects::parse_model_consumer(name));
            found.extend(
                queues
                    .filter(|(model, _)| wanted(model))
                    .map(|(model, lane)| Queue { model, lane }),
            );
        }
        Ok(found)
    }

    /// The consumer of a model in a lane.
    pub async fn lane_consumer(
        &self,
        capability: &str,
        model: &str,
        lane: Lane,
    ) -> Result<LaneConsumer, BusError> {
        let stream = self.stream(&subjects::lane_stream(capability, lane)).await?;
        let consumer = bounded(stream.get_consumer(&subjects::model_consumer(model, lane))).await?;
        Ok(LaneConsumer(Puller::new(&self.client, &self.jetstream, consumer)))
    }

    /// Removes the consumer of a model in a lane, if there is one.
    pub async fn remove_lane_consumer(
        &self,
        capability: &str,
        model: &str,
        lane: Lane,
    ) -> Result<(), BusError> {
        let stream = self.stream(&subjects::lane_stream(capability, lane)).await?;
        self.delete_consumer(&stream, &subjects::model_consumer(model, lane)).await
    }

    /// Subscribes to the doorbell of a capability.
    pub async fn work_bell(&self, capability: &str) -> Result<WorkBell, BusError> {
        bounded(self.client.subscribe(subjects::bell(capability))).await.map(WorkBell)
    }
}

impl LaneConsumer {
    /// Takes up to `max` messages that are there now, without waiting for more. Call it only with `max` free slots.
    pub async fn take(&self, max: usize, warm: bool) -> Result<Vec<WorkMessage>, BusError> {
        let request = pull::BatchConfig {
            batch: max,
            no_wait: true,
            group: Some(GROUP.to_owned()),
            priority: Some(if warm { WARM } else { COLD }),
            ..pull::BatchConfig::default()
        };
        let pulled = self.0.pull(request, CALL_TIMEOUT).await?;
        let ack_wait = self.0.ack_wait();
        Ok(pulled.into_iter().map(|pulled| WorkMessage::new(pulled, ack_wait)).collect())
    }
}

impl WorkMessage {
    fn new(pulled: Pulled, ack_wait: Duration) -> Self {
        let work = if pulled.subject().starts_with("calls.") {
            serde_json::from_slice(pulled.payload()).map(|job| Work::Call(Box::new(job)))
        } else {
            let sequence = pulled.number(headers::EVENT_SEQUENCE).unwrap_or(0);
            serde_json::from_slice(pulled.payload())
                .map(|event| Work::Job(Box::new(StoredEvent { event, sequence })))
        };
        let work = work.unwrap_or_else(|error| Work::Unreadable(error.to_string()));
        Self { pulled, work, ack_wait }
    }
}

/// Rings when work arrives: a hint, which may be missed or come for nothing.
pub struct WorkBell(async_nats::Subscriber);

impl WorkBell {
    /// The queue in which work arrived; `None` when the subscription ended.
    pub async fn ring(&mut self) -> Option<Queue> {
        loop {
            let message = self.0.next().await?;
            if let Some((_, model, lane)) = subjects::parse_work(&message.subject) {
                return Some(Queue { model, lane });
            }
        }
    }
}

/// The message id of a job after this event: each version has its own, so that a job that is given back within the
/// broker's memory is not taken for a duplicate.
pub(super) fn message_id(stored: &StoredEvent) -> String {
    format!("{}:{}", stored.event.job.id, stored.event.version)
}

pub(super) fn job_message(stored: &StoredEvent) -> Result<PublishMessage, PublishError> {
    let mut map = async_nats::HeaderMap::new();
    map.insert(headers::EVENT_SEQUENCE, stored.sequence.to_string().as_str());
    map.insert(headers::EVENT_VERSION, stored.event.version.to_string().as_str());
    headers::add_trace(&mut map);
    Ok(PublishMessage::build().payload(encode(&stored.event)?).headers(map))
}

fn encode(value: &impl serde::Serialize) -> Result<Bytes, PublishError> {
    serde_json::to_vec(value)
        .map(Bytes::from)
        .map_err(|error| PublishError::Unavailable(format!("a job can not be encoded: {error}")))
}
