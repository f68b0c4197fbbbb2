//! The event: a full snapshot of a job. The last event on a job's subject is the job's status.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{Artifact, EventId, JobEnvelope, JobError, JobResult, JobState, RunId};
use crate::clock::{Clock, Timestamp};

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub enum EventKind {
    /// Accepted, or put back for another attempt.
    #[serde(rename = "job.queued")]
    Queued,
    /// A run owns it, or its cancellation was asked for while it runs.
    #[serde(rename = "job.started")]
    Started,
    /// Ended with a result.
    #[serde(rename = "job.succeeded")]
    Succeeded,
    /// Ended without one.
    #[serde(rename = "job.failed")]
    Failed,
    /// Ended on request.
    #[serde(rename = "job.canceled")]
    Canceled,
    /// Ended at its deadline.
    #[serde(rename = "job.expired")]
    Expired,
}

impl EventKind {
    /// The type as it stands on the wire and in webhooks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "job.queued",
            Self::Started => "job.started",
            Self::Succeeded => "job.succeeded",
            Self::Failed => "job.failed",
            Self::Canceled => "job.canceled",
            Self::Expired => "job.expired",
        }
    }

    /// The event that leads into `state`.
    pub const fn of(state: JobState) -> Self {
        match state {
            JobState::Scheduled | JobState::Queued => Self::Queued,
            JobState::Running => Self::Started,
            JobState::Succeeded => Self::Succeeded,
            JobState::Failed => Self::Failed,
            JobState::Canceled => Self::Canceled,
            JobState::Expired => Self::Expired,
        }
    }
}

/// Where the time of a job went, in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Metrics {
    /// From due to started, of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue_ms: Option<u64>,
    /// Loading the model, where the engine knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_ms: Option<u64>,
    /// From started to finished, of the last attempt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_ms: Option<u64>,
}

/// A snapshot of a job after something happened to it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct JobEvent {
    /// Format of this event; 1.
    pub v: u8,
    /// Names this event.
    pub id: EventId,
    /// What happened.
    #[serde(rename = "type")]
    pub kind: EventKind,
    /// Counts the events of the job from 1; a record only ever moves to a greater version.
    pub version: u64,
    /// When it happened.
    pub time: Timestamp,
    /// Where the job stands now.
    pub state: JobState,
    /// The attempt that runs, ran last or comes next, counted from 1.
    pub attempt: u32,
    /// The run that owns the job, or that ended it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<RunId>,
    /// The worker of that run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub worker_id: Option<String>,
    /// Runs that ended because their worker vanished.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub vanished: u32,
    /// When the job is or was due.
    pub run_at: Timestamp,
    /// When the last attempt started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When the job ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Timestamp>,
    /// When somebody asked to cancel it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_requested_at: Option<Timestamp>,
    /// Until when its status is kept for certain. Result and files are removed before, after a retention of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// When input, result and files were removed before that, on request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_removed_at: Option<Timestamp>,
    /// The result of a succeeded job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<JobResult>,
    /// Files that the job produced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub artifacts: Vec<Artifact>,
    /// What it cost, in the provider's own terms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Object)]
    pub usage: Option<Arc<RawValue>>,
    /// Why it failed; on a queued job, why the last attempt did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    /// Where the time went.
    #[serde(default)]
    pub metrics: Metrics,
    /// What was asked.
    #[schema(value_type = JobEnvelope)]
    pub job: Arc<JobEnvelope>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl JobEvent {
    /// The format that this program writes.
    pub const VERSION: u8 = 1;

    /// The first event of a job: queued, or scheduled when `run_at` lies ahead.
    pub fn submitted(job: Arc<JobEnvelope>, clock: &dyn Clock) -> Self {
        let now = clock.now();
        let run_at = job.run_at.unwrap_or(job.created_at);
        let state = if run_at > now { JobState::Scheduled } else { JobState::Queued };
        Self {
            v: Self::VERSION,
            id: EventId::new(clock),
            kind: EventKind::Queued,
            version: 1,
            time: now,
            state,
            attempt: 1,
            run_id: None,
            worker_id: None,
            vanished: 0,
            run_at,
            started_at: None,
            finished_at: None,
            cancel_requested_at: None,
            expires_at: None,
            content_removed_at: None,
            result: None,
            artifacts: Vec::new(),
            usage: None,
            error: None,
            metrics: Metrics::default(),
            job,
        }
    }

    /// The same end without input, result and files: what an owner keeps who had the content removed. It is the same
    /// event, told again under its own id, so that no second webhook follows from it.
    #[must_use]
    pub fn without_content(&self, clock: &dyn Clock) -> Self {
        let job = JobEnvelope { files: Vec::new(), ..self.job.without_input() };
        Self {
            version: self.version + 1,
            content_removed_at: Some(clock.now()),
            result: None,
            artifacts: Vec::new(),
            job: Arc::new(job),
            ..self.clone()
        }
    }

    /// Whether the job has ended.
    pub fn is_terminal(&self) -> bool {
        self.state.is_terminal()
    }

    /// Whether the job may have another attempt after this one.
    pub fn has_attempts_left(&self) -> bool {
        self.attempt < self.job.max_attempts
    }

    /// Whether `run` owns the job: it is running, and that run holds the last event.
    pub fn is_owned_by(&self, run: RunId) -> bool {
        self.state == JobState::Running && self.run_id == Some(run)
    }
}
