//! Jobs out of attempts, kept for redrive.

use std::time::Duration;

use async_nats::jetstream::message::PublishMessage;
use bytes::Bytes;

use super::publish::publish;
use super::read::last_message;
use super::{Bus, BusError, PublishError, bounded, headers, subjects};
use crate::job::{JobEnvelope, JobEvent, JobId};

impl Bus {
    /// Keeps a job that is out of attempts, with its last event. Published before the terminal event, so that a
    /// crash between the two repeats it; the job's own id makes the repetition harmless.
    pub async fn publish_dead_job(
        &self,
        event: &JobEvent,
        patience: Duration,
    ) -> Result<(), PublishError> {
        let payload = serde_json::to_vec(event).map_err(|error| {
            PublishError::Unavailable(format!("an event can not be encoded: {error}"))
        })?;
        let mut map = async_nats::HeaderMap::new();
        map.insert(headers::TENANT, event.job.tenant.as_str());
        let message = PublishMessage::build()
            .payload(Bytes::from(payload))
            .headers(map)
            .message_id(format!("{}:dead", event.job.id));
        let subject = subjects::dead_job(&event.job.capability, event.job.id);
        publish(&self.jetstream, &subject, &message, patience).await.map(drop).map_err(Into::into)
    }

    /// The last event of a job that is out of attempts, as it was kept, from the leader; `None` when it was not kept or
    /// is no longer. The job may belong to any tenant, and may not have ended: its terminal event comes after this one.
    pub async fn dead_job(&self, job: JobId) -> Result<Option<JobEvent>, BusError> {
        let stream = self.stream(subjects::DEAD_JOBS).await?;
        // Whoever asks may have forgotten what the job was, its capability included.
        let subject = subjects::dead_job("*", job);
        let Some(message) = last_message(&stream, &subject).await? else { return Ok(None) };
        serde_json::from_slice(&message.payload)
            .map(Some)
            .map_err(|error| BusError::Undecodable { subject, reason: error.to_string() })
    }

    /// Forgets a job that is out of attempts: its owner had the content removed.
    pub async fn remove_dead_job(&self, job: &JobEnvelope) -> Result<(), BusError> {
        let stream = self.stream(subjects::DEAD_JOBS).await?;
        let subject = subjects::dead_job(&job.capability, job.id);
        bounded(async { stream.purge().filter(subject).await }).await.map(drop)
    }
}
