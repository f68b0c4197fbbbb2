//! Everything that waits: schedules in DELAYS, and moving what is due to where it belongs.

use std::time::Duration;

use async_nats::header::{NATS_SCHEDULE, NATS_SCHEDULE_TARGET};
use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::publish::PublishAck;
use bytes::Bytes;

use super::jobs::{job_message, message_id};
use super::publish::{Refusal, publish};
use super::read::last_message;
use super::{Bus, BusError, PublishError, Pulled, StoredEvent, headers, subjects};
use crate::clock::Timestamp;
use crate::job::{JobEnvelope, JobEvent, Lane};
use crate::webhook::{Delivery, DeliveryStatus};

/// How long the broker is asked to take a due message before the pump tries again later.
const FORWARD_PATIENCE: Duration = Duration::from_secs(5);
/// How long the pump leaves a message whose predecessor is about to be settled.
const PREDECESSOR_PAUSE: Duration = Duration::from_secs(1);
/// How long the pump leaves a message that a full queue refuses.
const FULL_PAUSE: Duration = Duration::from_secs(5);

/// What became of a due message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarded {
    /// It lies where it belongs: ack the delay.
    Done,
    /// Not now: give the delay back for this long.
    Later(Duration),
    /// It can not be read: drop the delay.
    Unreadable,
}

/// Where the message of a job lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In DELAYS, waiting for its time.
    Scheduled,
    /// In DELAYS, due.
    Due,
    /// In JOBS.
    Jobs,
}

/// The message of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FoundMessage {
    /// Where it lies.
    pub place: Place,
    /// Version of the event that it follows.
    pub event_version: Option<u64>,
}

impl Bus {
    /// Schedules the message of a job for its `run_at`. A schedule that stands already is replaced.
    pub async fn schedule_job(
        &self,
        stored: &StoredEvent,
        patience: Duration,
    ) -> Result<(), PublishError> {
        let job = &stored.event.job;
        let message =
            job_message(stored)?.header(headers::DESTINATION_ID, message_id(stored).as_str());
        self.schedule(
            &subjects::delay_at(job.id),
            &subjects::delay_due_job(job.id),
            stored.event.run_at,
            message,
            patience,
        )
        .await
    }

    /// Schedules a delivery for `at`. A schedule that stands already is replaced.
    pub async fn schedule_delivery(
        &self,
        delivery: &Delivery,
        at: Timestamp,
        patience: Duration,
    ) -> Result<(), PublishError> {
        let message = super::webhooks::delivery_message(delivery)?
            // The time is part of the id: a delivery may wait more than once without spending an attempt.
            .header(
                headers::DESTINATION_ID,
                format!("{}:{}:{}", delivery.id, delivery.attempt, at.as_micros()).as_str(),
            );
        self.schedule(
            &subjects::delay_at(delivery.id),
            &subjects::delay_due_delivery(delivery.id),
            at,
            message,
            patience,
        )
        .await
    }

    /// Moves a due job into JOBS. When an older message of the same job still lies there, the pump waits: that one
    /// is about to be acked, or will be given to a worker who schedules anew.
    ///
    /// Where it goes is derived from the job itself: a worker may write schedules, and must not be able to have the
    /// keeper publish anywhere else.
    pub async fn forward_due_job(&self, due: &Pulled) -> Result<Forwarded, BusError> {
        let Ok(event) = serde_json::from_slice::<JobEvent>(due.payload()) else {
            return Ok(Forwarded::Unreadable);
        };
        if event.job.lane == Lane::Interactive {
            return Ok(Forwarded::Unreadable);
        }
        let destination = subjects::job(&event.job);
        match self.forward(due, &destination, due.payload().clone()).await {
            Ok(_) => Ok(Forwarded::Done),
            Err(Refusal::SubjectTaken) => {
                let stream = subjects::jobs_stream(&event.job.capability);
                let there = self.last_version(&stream, &destination).await?;
                // Gone in the meantime, or older than ours: try again.
                if there.is_some_and(|version| version >= Some(event.version)) {
                    Ok(Forwarded::Done)
                } else {
                    Ok(Forwarded::Later(PREDECESSOR_PAUSE))
                }
            }
            Err(Refusal::Full) => Ok(Forwarded::Later(FULL_PAUSE)),
            Err(Refusal::TooLarge) => Ok(Forwarded::Unreadable),
            Err(Refusal::WrongSequence | Refusal::Unknown(_)) => {
                Err(BusError::unavailable("a due job was not taken in time"))
            }
        }
    }

    /// Moves a due delivery into WEBHOOKS.
    ///
    /// What is sent is what its snapshot says: a worker may write schedules but no snapshots, so it can not have the
    /// dispatcher sign and post what it likes. A delivery whose snapshot is not pending is over.
    pub async fn forward_due_delivery(&self, due: &Pulled) -> Result<Forwarded, BusError> {
        let Ok(given) = serde_json::from_slice::<Delivery>(due.payload()) else {
            return Ok(Forwarded::Unreadable);
        };
        let delivery = match self.last_delivery_event(&given.tenant, given.id).await? {
            Some(known) if known.status == DeliveryStatus::Pending => Delivery {
                url: known.url,
                body: known.body,
                endpoint_id: known.endpoint_id,
                event_id: known.event_id,
                ..given
            },
            // Snapshots of long ago give way when their stream is full; the job still knows where its end goes.
            None if self.is_asked_for(&given).await? => given,
            Some(_) => return Ok(Forwarded::Unreadable),
            None => {
                self.events.check_leader().await?;
                return Ok(Forwarded::Unreadable);
            }
        };
        let payload = serde_json::to_vec(&delivery).map_err(BusError::unavailable)?;
        let destination = subjects::webhook(&delivery.tenant, delivery.id);
        match self.forward(due, &destination, payload.into()).await {
            Ok(_) | Err(Refusal::SubjectTaken) => Ok(Forwarded::Done),
            Err(Refusal::Full) => Ok(Forwarded::Later(FULL_PAUSE)),
            Err(Refusal::TooLarge) => Ok(Forwarded::Unreadable),
            Err(Refusal::WrongSequence | Refusal::Unknown(_)) => {
                Err(BusError::unavailable("a due delivery was not taken in time"))
            }
        }
    }

    /// Whether a job's own end asks for this delivery. A registered endpoint is asked at its registered address.
    async fn is_asked_for(&self, delivery: &Delivery) -> Result<bool, BusError> {
        let Some(job) = delivery.job_id else { return Ok(false) };
        let Some(last) = self.events.last(job).await? else { return Ok(false) };
        let asked = delivery.endpoint_id.is_some()
            || last.event.job.webhook.as_deref() == Some(delivery.url.as_str());
        Ok(asked && last.event.id == delivery.event_id && last.event.job.tenant == delivery.tenant)
    }

    /// Looks for the message of a job in the order in which it moves: scheduled, due, in JOBS. From the leader.
    pub async fn find_job_message(
        &self,
        job: &JobEnvelope,
    ) -> Result<Option<FoundMessage>, BusError> {
        let jobs = subjects::jobs_stream(&job.capability);
        let places = [
            (Place::Scheduled, subjects::DELAYS, subjects::delay_at(job.id)),
            (Place::Due, subjects::DELAYS, subjects::delay_due_job(job.id)),
            (Place::Jobs, jobs.as_str(), subjects::job(job)),
        ];
        for (place, stream, subject) in places {
            if let Some(event_version) = self.last_version(stream, &subject).await? {
                return Ok(Some(FoundMessage { place, event_version }));
            }
        }
        Ok(None)
    }

    async fn schedule(
        &self,
        subject: &str,
        target: &str,
        at: Timestamp,
        message: PublishMessage,
        patience: Duration,
    ) -> Result<(), PublishError> {
        let message = message
            .header(NATS_SCHEDULE, format!("@at {at}").as_str())
            .header(NATS_SCHEDULE_TARGET, target);
        publish(&self.jetstream, subject, &message, patience).await.map(drop).map_err(Into::into)
    }

    async fn forward(
        &self,
        due: &Pulled,
        destination: &str,
        payload: Bytes,
    ) -> Result<PublishAck, Refusal> {
        let mut map = async_nats::HeaderMap::new();
        for name in [headers::EVENT_SEQUENCE, headers::EVENT_VERSION, headers::TRACEPARENT] {
            if let Some(value) = due.header(name) {
                map.insert(name, value);
            }
        }
        let mut message = PublishMessage::build().payload(payload).headers(map);
        if let Some(id) = due.header(headers::DESTINATION_ID) {
            message = message.message_id(id);
        }
        publish(&self.jetstream, destination, &message, FORWARD_PATIENCE).await
    }

    /// The event version in the message that is last on a subject; `None` when there is no message.
    async fn last_version(
        &self,
        stream: &str,
        subject: &str,
    ) -> Result<Option<Option<u64>>, BusError> {
        let stream = self.stream(stream).await?;
        let last = last_message(&stream, subject).await?;
        Ok(last.map(|message| headers::number(&message.headers, headers::EVENT_VERSION)))
    }
}
