//! Notices that are not stored: cancel a run, disable an endpoint.

use std::time::Duration;

use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::{Bus, BusError, bounded, subjects};
use crate::job::{JobId, Tenant};

/// Cancel notices as they arrive.
pub struct CancelNotices(async_nats::Subscriber);

/// What a dispatcher asks of a gateway when an endpoint answers that it is gone.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DisableEndpoint {
    /// The endpoint's owner.
    pub tenant: Tenant,
    /// The endpoint.
    pub endpoint_id: String,
    /// Why, for people.
    pub reason: String,
}

/// Requests to disable endpoints as they arrive at this gateway; each goes to one gateway.
pub struct DisableRequests {
    client: async_nats::Client,
    subscriber: async_nats::Subscriber,
}

/// One such request, to be confirmed.
pub struct DisableRequest {
    /// What is asked.
    pub what: DisableEndpoint,
    client: async_nats::Client,
    reply: async_nats::Subject,
}

impl Bus {
    /// Tells the worker that runs the job to stop. A hint: a worker that misses it reads the event at its next beat.
    pub async fn publish_cancel(&self, job: JobId) -> Result<(), BusError> {
        bounded(self.client.publish(subjects::control(job), bytes::Bytes::new())).await
    }

    /// Cancel notices for every job; a worker picks those that it runs.
    pub async fn subscribe_cancels(&self) -> Result<CancelNotices, BusError> {
        bounded(self.client.subscribe(subjects::CONTROLS)).await.map(CancelNotices)
    }

    /// Asks a gateway to disable an endpoint; Ok when it is written.
    pub async fn request_disable_endpoint(&self, what: &DisableEndpoint) -> Result<(), BusError> {
        let payload = serde_json::to_vec(what).map_err(BusError::unavailable)?;
        let request = self.client.request(subjects::DISABLE_ENDPOINT, payload.into());
        let answer = tokio::time::timeout(Duration::from_secs(3), request)
            .await
            .map_err(|_| BusError::unavailable("no gateway answered in time"))?
            .map_err(BusError::unavailable)?;
        if answer.payload.as_ref() == b"ok" {
            Ok(())
        } else {
            Err(BusError::Unavailable(String::from_utf8_lossy(&answer.payload).into_owned()))
        }
    }

    /// Requests to disable endpoints, shared among the gateways.
    pub async fn subscribe_disable_requests(&self) -> Result<DisableRequests, BusError> {
        let subscribe =
            self.client.queue_subscribe(subjects::DISABLE_ENDPOINT, "gateways".to_owned());
        let subscriber = bounded(subscribe).await?;
        Ok(DisableRequests { client: self.client.clone(), subscriber })
    }
}

impl CancelNotices {
    /// The next job to stop; `None` when the subscription ended.
    pub async fn next(&mut self) -> Option<JobId> {
        loop {
            let message = self.0.next().await?;
            if let Ok(job) = subjects::last_token(&message.subject).parse() {
                return Some(job);
            }
        }
    }
}

impl DisableRequests {
    /// The next request; `None` when the subscription ended.
    pub async fn next(&mut self) -> Option<DisableRequest> {
        loop {
            let message = self.subscriber.next().await?;
            let Some(reply) = message.reply else { continue };
            if let Ok(what) = serde_json::from_slice(&message.payload) {
                return Some(DisableRequest { what, client: self.client.clone(), reply });
            }
        }
    }
}

impl DisableRequest {
    /// Says that it is written, or why it could not be.
    pub async fn answer(self, outcome: Result<(), String>) -> Result<(), BusError> {
        let text = outcome.err().unwrap_or_else(|| "ok".to_owned());
        bounded(self.client.publish(self.reply, text.into())).await
    }
}
