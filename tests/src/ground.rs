//! What the processes of a test stand on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use common::bus::testing::NatsServer;
use common::bus::{Bus, BusOptions, StreamLimits};
use common::clock::SystemClock;
use common::objects::Objects;
use common::secret::Secret;
use common::signing::Keyring;

use crate::settings::Settings;
use crate::spy::Spy;

/// A nats-server, a folder with objects and records, and the settings that all roles share.
pub struct Ground {
    /// The broker.
    pub nats: NatsServer,
    /// The test's own connection to it.
    pub bus: Bus,
    /// The test's own view of the object store.
    pub objects: Objects,
    /// What all roles are configured with.
    pub settings: Settings,
    pub(crate) limits: StreamLimits,
    pub(crate) status_retention: Duration,
    pub(crate) leaves_messages: bool,
    dir: tempfile::TempDir,
}

/// What differs from the usual ground.
#[derive(Clone, Debug)]
pub(crate) struct GroundPlan {
    pub(crate) settings: Settings,
    pub(crate) limits: StreamLimits,
    pub(crate) status_retention: Duration,
    pub(crate) leaves_messages: bool,
    pub(crate) nats_arguments: Vec<String>,
}

impl Default for GroundPlan {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            limits: StreamLimits {
                jobs_messages: 100_000,
                jobs_bytes: 64 << 20,
                events_bytes: 128 << 20,
                calls_bytes: 16 << 20,
                webhooks_bytes: 64 << 20,
            },
            status_retention: Duration::from_hours(48),
            leaves_messages: false,
            nats_arguments: Vec::new(),
        }
    }
}

impl Ground {
    pub(crate) async fn prepare(plan: GroundPlan) -> Self {
        crate::logs::show();
        common::telemetry::install_crypto();
        let GroundPlan { mut settings, limits, status_retention, leaves_messages, nats_arguments } =
            plan;
        let dir = tempfile::tempdir().expect("a temporary directory");
        let arguments: Vec<&str> = nats_arguments.iter().map(String::as_str).collect();
        let nats = NatsServer::start_with(&arguments).await;
        let objects_url = format!("file://{}", dir.path().join("objects").display());
        let records_url = format!("sqlite://{}", dir.path().join("records.sqlite").display());
        let workspace = dir.path().join("work");
        for (key, value) in [
            ("nats.url", nats.url()),
            ("objects.url", objects_url.clone()),
            ("records.url", records_url),
            ("worker.workspace", workspace.display().to_string()),
            ("security.master_key", Keyring::generate_master_key().expose().to_owned()),
        ] {
            if settings.get(key).is_none() {
                settings.set(key, value);
            }
        }
        let options = options(&nats, &settings, limits, status_retention, "test");
        let bus = Bus::connect(options, Arc::new(SystemClock)).await.expect("connects");
        bus.ensure_topology().await.expect("the topology is made");
        let objects_url = settings.get("objects.url").unwrap_or(&objects_url).to_owned();
        let objects =
            Objects::open_with(&objects_url, settings.variables()).expect("a usable address");
        Self { nats, bus, objects, settings, limits, status_retention, leaves_messages, dir }
    }

    /// The folder of this test.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The folder of the objects.
    pub fn objects_dir(&self) -> PathBuf {
        self.dir().join("objects")
    }

    /// How a role connects to the broker.
    pub fn bus_options(&self, name: &str) -> BusOptions {
        options(&self.nats, &self.settings, self.limits, self.status_retention, name)
    }

    /// The keys that the processes sign with.
    pub fn keyring(&self) -> Keyring {
        let key = self.settings.get("security.master_key").expect("it was set at the start");
        Keyring::new(&Secret::new(key), &[]).expect("it was generated")
    }

    /// Begins to listen to these subjects.
    pub async fn spy(&self, subjects: &[&str]) -> Spy {
        Spy::on(&self.nats.url(), subjects).await
    }

    /// Forgets a worker that was killed, as the broker does when its time to live is over.
    pub async fn forget_worker(&self, worker_id: &str) {
        self.bus.remove_presence(worker_id).await.expect("the broker is there");
    }

    /// The broker goes away, without a farewell, for `outage`.
    pub async fn nats_away_for(&mut self, outage: Duration) {
        self.nats.kill();
        tokio::time::sleep(outage).await;
        self.nats.resume().await;
    }

    /// From now on the end of the test does not look for messages that were left.
    pub fn leaves_messages(&mut self) {
        self.leaves_messages = true;
    }

    /// Panics when messages were left unsettled, unless that was announced or the test fails anyway.
    pub(crate) fn assert_settled(&self) {
        if !self.leaves_messages && !std::thread::panicking() && self.nats.pid().is_some() {
            crate::settled::assert_settled(&self.nats.url());
        }
    }
}

fn options(
    nats: &NatsServer,
    settings: &Settings,
    limits: StreamLimits,
    status_retention: Duration,
    name: &str,
) -> BusOptions {
    let ack_wait = settings.config().jobs.ack_wait;
    BusOptions { limits, status_retention, ack_wait, ..nats.options(name) }
}
