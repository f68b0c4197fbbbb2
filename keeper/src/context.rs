//! What the duties share.

use std::sync::Arc;
use std::time::Duration;

use common::bus::{Bus, ConfigStore};
use common::clock::SharedClock;
use common::config::Config;
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
