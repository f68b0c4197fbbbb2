//! The job as callers see it: the same object in every answer, event and webhook.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{JobError, JobEvent, JobId, JobState, Lane, Metrics, Tenant};
use crate::clock::Timestamp;

/// A produced file with an address that works in a browser until it expires.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ArtifactLink {
    /// Signed address, relative to the gateway when no public address is configured.
    pub url: String,
    /// File name.
    pub name: String,
    /// Media type.
    pub content_type: String,
    /// Size in bytes.
    pub bytes: u64,
}

/// Where to go from here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JobLinks {
    /// The job.
    #[serde(rename = "self")]
    pub this: String,
    /// Its result.
    pub result: String,
    /// Its events, as a stream.
    pub events: String,
    /// Cancels it.
    pub cancel: String,
}

/// A job. Fields that are not yet known are absent, never null.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobObject {
    /// The job's id.
    pub id: JobId,
    /// Always `job`.
    pub object: String,
    /// Where it stands.
    pub status: JobState,
    /// What it does.
    pub operation: String,
    /// With which model.
    pub model: String,
    /// What a worker must be able to do.
    pub capability: String,
    /// Its priority class.
    pub lane: Lane,
    /// Its owner.
    pub tenant: Tenant,
    /// The attempt that runs, ran last or comes next.
    pub attempt: u32,
    /// How many it may have.
    pub max_attempts: u32,
    /// Share done, 0 to 1, where the engine knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// How many jobs of its lane come before it: an estimate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_position: Option<u64>,
    /// Seconds until it starts: an estimate from the rate of the last minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_wait_s: Option<f64>,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// When it is or was due.
    pub run_at: Timestamp,
    /// When the last attempt started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// When it must have ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// Until when its status is kept for certain. Result and files are removed before, after a retention of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When somebody asked to cancel it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_requested_at: Option<Timestamp>,
    /// The result, when it is small JSON; else behind `links.result`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub result: Option<Arc<RawValue>>,
    /// Produced files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<ArtifactLink>,
    /// Why it failed; on a queued job, why the last attempt did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    /// What it cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub usage: Option<Arc<RawValue>>,
    /// Where the time went.
    pub metrics: Metrics,
    /// The caller's own labels.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
    /// Where the terminal event is posted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<String>,
    /// The job that this one runs again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_of: Option<JobId>,
    /// Counts the events of the job; a caller that has seen a version may ask not to get an older one.
    pub version: u64,
    /// Where to go from here.
    pub links: JobLinks,
}

impl JobObject {
    /// The job after `event`. `artifact_url` signs the address of an object key.
    pub fn from_event(event: &JobEvent, artifact_url: impl Fn(&super::Artifact) -> String) -> Self {
        let job = &event.job;
        let this = format!("/v1/jobs/{}", job.id);
        Self {
            id: job.id,
            object: "job".to_owned(),
            status: event.state,
            operation: job.operation.clone(),
            model: job.model.clone(),
            capability: job.capability.clone(),
            lane: job.lane,
            tenant: job.tenant.clone(),
            attempt: event.attempt,
            max_attempts: job.max_attempts,
            progress: (event.state == JobState::Succeeded).then_some(1.0),
            queue_position: None,
            estimated_wait_s: None,
            created_at: job.created_at,
            run_at: event.run_at,
            started_at: event.started_at,
            finished_at: event.finished_at,
            deadline: job.deadline,
            expires_at: event.expires_at,
            cancel_requested_at: event.cancel_requested_at,
            result: event.result.as_ref().and_then(|result| result.inline.clone()),
            artifacts: event
                .artifacts
                .iter()
                .map(|artifact| ArtifactLink {
                    url: artifact_url(artifact),
                    name: artifact.name.clone(),
                    content_type: artifact.content_type.clone(),
                    bytes: artifact.bytes,
                })
                .collect(),
            error: event.error.clone(),
            usage: event.usage.clone(),
            metrics: event.metrics,
            metadata: job.metadata.clone(),
            webhook: job.webhook.clone(),
            retry_of: job.retry_of,
            version: event.version,
            links: JobLinks {
                result: format!("{this}/result"),
                events: format!("{this}/events"),
                cancel: format!("{this}/cancel"),
                this,
            },
        }
    }
}
