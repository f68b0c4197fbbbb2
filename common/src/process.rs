//! What every role of a process is built from.

use std::sync::Arc;

use crate::bus::Bus;
use crate::clock::SharedClock;
use crate::config::Config;
use crate::lifecycle::Lifecycle;
use crate::objects::Objects;
use crate::signing::Keyring;
use crate::telemetry::Metrics;

/// The parts that the roles of one process share. Cheap to clone.
#[derive(Clone)]
pub struct Parts {
    /// The validated configuration.
    pub config: Arc<Config>,
    /// The connection to the broker.
    pub bus: Bus,
    /// The object store.
    pub objects: Objects,
    /// The time.
    pub clock: SharedClock,
    /// Keys for signing and sealing.
    pub keyring: Arc<Keyring>,
    /// The process's metrics.
    pub metrics: Metrics,
    /// Start and stop.
    pub lifecycle: Lifecycle,
}
