//! What the duties share.

use std::sync::Arc;
use std::time::Duration;

use common::bus::{Bus, BusError, ConfigStore, StoredEvent};
use common::clock::SharedClock;
use common::config::Config;
use common::job::JobId;
use common::objects::Objects;
use common::records::Records;
use common::signing::FileLinks;

use crate::metrics::KeeperMetrics;

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
}
