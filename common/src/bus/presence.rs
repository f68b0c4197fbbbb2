//! Presence: which workers live, what they can do and what they run.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::last::last_message;
use super::subjects::WORKERS_BUCKET;
use super::{Bus, BusError, bounded};
use crate::clock::Timestamp;
use crate::job::JobId;

/// A model that a worker offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OfferedModel {
    /// Its name as callers write it.
    pub model: String,
    /// What can be asked of it.
    pub operations: Vec<String>,
    /// Whether it is loaded.
    pub warm: bool,
}

/// A worker's beat: it vanishes from the bucket when it is not repeated.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Presence {
    /// The worker.
    pub worker_id: String,
    /// Its program's version.
    pub version: String,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// When it beat last.
    pub seen_at: Timestamp,
    /// The models it offers, by capability.
    pub capabilities: BTreeMap<String, Vec<OfferedModel>>,
    /// How many jobs it can run at once.
    pub slots: usize,
    /// The jobs it runs.
    pub running: Vec<JobId>,
    /// Whether it takes no more and finishes what runs.
    pub draining: bool,
}

impl Presence {
    /// Whether it offers the model for this capability and takes jobs.
    pub fn offers(&self, capability: &str, model: &str) -> bool {
        !self.draining
            && self
                .capabilities
                .get(capability)
                .is_some_and(|models| models.iter().any(|offered| offered.model == model))
    }
}

impl Bus {
    /// Beats.
    pub async fn put_presence(&self, presence: &Presence) -> Result<(), BusError> {
        let payload = serde_json::to_vec(presence).map_err(BusError::unavailable)?;
        let subject = format!("$KV.{WORKERS_BUCKET}.{}", presence.worker_id);
        bounded(async { self.jetstream.publish(subject, payload.into()).await?.await })
            .await
            .map(drop)
    }

    /// Leaves: the worker's end is known at once.
    pub async fn remove_presence(&self, worker_id: &str) -> Result<(), BusError> {
        let mut map = async_nats::HeaderMap::new();
        map.insert("KV-Operation", "DEL");
        let subject = format!("$KV.{WORKERS_BUCKET}.{worker_id}");
        bounded(async {
            self.jetstream.publish_with_headers(subject, map, bytes::Bytes::new()).await?.await
        })
        .await
        .map(drop)
    }

    /// The worker's last beat, from the leader; `None` when it vanished or left.
    pub async fn presence(&self, worker_id: &str) -> Result<Option<Presence>, BusError> {
        let stream = self.stream(&format!("KV_{WORKERS_BUCKET}")).await?;
        let subject = format!("$KV.{WORKERS_BUCKET}.{worker_id}");
        let message = last_message(&stream, &subject).await?;
        Ok(message.and_then(|message| serde_json::from_slice(&message.payload).ok()))
    }

    /// Every worker that lives, by id.
    pub async fn list_presence(&self) -> Result<Vec<Presence>, BusError> {
        let bucket = bounded(self.jetstream.get_key_value(WORKERS_BUCKET)).await?;
        let keys: Vec<String> = bounded(async {
            bucket.keys().await?.try_collect().await.map_err(async_nats::Error::from)
        })
        .await?;
        let mut workers = Vec::new();
        for key in keys {
            if let Some(value) = bounded(bucket.get(&key)).await? {
                workers.extend(serde_json::from_slice::<Presence>(&value).ok());
            }
        }
        workers.sort_by(|a, b| a.worker_id.cmp(&b.worker_id));
        Ok(workers)
    }
}
