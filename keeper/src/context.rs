//! What the duties share.

use std::sync::Arc;
use std::time::Duration;

use common::bus::{Bus, BusError, ConfigStore, StoredEvent, WriteError};
use common::clock::SharedClock;
use common::config::Config;
use common::job::{JobEvent, JobId, Outcome};
use common::objects::Objects;
use common::records::Records;
use common::signing::FileLinks;

use crate::metrics::KeeperMetrics;
use crate::trouble::Trouble;

/// How long a publish or swap of a duty waits for the broker.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// What the duties share. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) config: Arc<Config>,
    pub(crate) bus: Bus,
    pub(crate) live: ConfigStore,
    pub(crate) objects: Objects,
    pub(crate) records: Records,
    pub(crate) clock: SharedClock,
    pub(crate) links: FileLinks,
    pub(crate) metrics: KeeperMetrics,
}

impl Context {
    /// The last event of a job, from the leader. One that can not be read counts as none: it is for a newer program to
    /// work on, and must not hold up the jobs after it.
    pub(crate) async fn last_event(&self, job: JobId) -> Result<Option<StoredEvent>, BusError> {
        match self.bus.events().last(job).await {
            Err(error @ BusError::Undecodable { .. }) => {
                tracing::error!(job.id = %job, %error, "a job is passed over");
                Ok(None)
            }
            other => other,
        }
    }

    /// Whether the worker that started the last run of a job lives and still has that job.
    pub(crate) async fn somebody_runs(&self, event: &JobEvent) -> Result<bool, BusError> {
        let Some(worker) = &event.worker_id else { return Ok(false) };
        let presence = self.bus.presence(worker).await?;
        Ok(presence.is_some_and(|presence| presence.running.contains(&event.job.id)))
    }

    /// Writes the end of a job after its last event. The first terminal event stands, so whoever is faster wins:
    /// `false` says that the job moved meanwhile. The message is the caller's to remove, after this.
    pub(crate) async fn end(&self, last: &StoredEvent, outcome: Outcome) -> Result<bool, Trouble> {
        let events = self.bus.events();
        let finished = last.event.finished(outcome, None, events.retention(), self.clock.as_ref());
        let Ok(event) = finished else { return Ok(false) };
        match events.swap(&event, last.sequence, PATIENCE).await {
            Ok(_) => Ok(true),
            Err(WriteError::Conflict(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
