//! What handlers work with.

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;
use common::bus::{Bus, ConfigStore};
use common::clock::SharedClock;
use common::config::Config;
use common::egress::EgressPolicy;
use common::lifecycle::Lifecycle;
use common::objects::Objects;
use common::records::Records;
use common::signing::{FileLinks, Keyring};
use common::telemetry::Metrics;

use crate::catalog::{Catalog, Queues};
use crate::inputs::Fetcher;
use crate::middleware::RequestMetrics;
use crate::ops::Readiness;
use crate::wait::Replies;

/// The gateway's services, shared by all requests. Cheap to clone.
#[derive(Clone)]
pub(crate) struct AppState(Arc<Services>);

/// Everything a handler may need; built once by [`crate::App::build`].
pub(crate) struct Services {
    /// Names this gateway on the reply subject.
    pub gateway_id: String,
    /// The validated configuration of the process.
    pub config: Arc<Config>,
    /// The way to NATS.
    pub bus: Bus,
    /// Inputs, files and results.
    pub objects: Objects,
    /// The time.
    pub clock: SharedClock,
    /// Signs addresses and seals secrets.
    pub keyring: Arc<Keyring>,
    /// Makes signed addresses of objects.
    pub links: FileLinks,
    /// Keys, endpoints and known models, in memory.
    pub store: ConfigStore,
    /// The read side of the SQL records.
    pub records: Records,
    /// The models that callers may name.
    pub catalog: Catalog,
    /// How long the queues are.
    pub queues: Queues,
    /// The requests that wait for replies.
    pub replies: Replies,
    /// Which outside addresses may be called.
    pub egress: EgressPolicy,
    /// Fetches the input URLs that callers give.
    pub fetcher: Fetcher,
    /// Whether this gateway wants traffic.
    pub readiness: Readiness,
    /// Counts requests.
    pub requests: RequestMetrics,
    /// The process's metrics, for `/metrics`.
    pub metrics: Metrics,
    /// Start and stop: long answers end at the soft stop.
    pub lifecycle: Lifecycle,
}

impl AppState {
    /// Shares the services.
    pub(crate) fn new(services: Services) -> Self {
        Self(Arc::new(services))
    }
}

impl Deref for AppState {
    type Target = Services;

    fn deref(&self) -> &Services {
        &self.0
    }
}

impl FromRef<AppState> for Bus {
    fn from_ref(state: &AppState) -> Self {
        state.bus.clone()
    }
}

impl FromRef<AppState> for Objects {
    fn from_ref(state: &AppState) -> Self {
        state.objects.clone()
    }
}

impl FromRef<AppState> for ConfigStore {
    fn from_ref(state: &AppState) -> Self {
        state.store.clone()
    }
}

impl FromRef<AppState> for Records {
    fn from_ref(state: &AppState) -> Self {
        state.records.clone()
    }
}

impl FromRef<AppState> for SharedClock {
    fn from_ref(state: &AppState) -> Self {
        Arc::clone(&state.clock)
    }
}
