//! Two processes of each role, each with ways of its own to the three nats-servers, gateways with one to their callers.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::bus::testing::free_port;

use super::cluster::{Cluster, NODES};
use super::seat::Seat;
use crate::Role;
use crate::fleet::{Launch, program};
use crate::link::Link;
use crate::settings::Settings;

/// The processes, by their places. Gateways come first.
pub(super) const SEATS: [Role; 8] = [
    Role::Gateway,
    Role::Gateway,
    Role::Keeper,
    Role::Keeper,
    Role::Dispatcher,
    Role::Dispatcher,
    Role::Worker,
    Role::Worker,
];
/// How many gateways there are.
pub(super) const GATEWAYS: usize = 2;

/// The places of the workers.
pub(super) const WORKERS: Range<usize> = 6..8;

/// What a process is called.
pub(super) fn name_of(seat: usize) -> String {
    let role = SEATS[seat];
    let before = SEATS[..seat].iter().filter(|other| **other == role).count();
    format!("{}-{}", role.as_str(), before + 1)
}

/// The processes of `millrace`.
pub(super) struct Fleet {
    /// By their places in [`SEATS`].
    pub(super) seats: Vec<Seat>,
    /// The ways to the servers, by place and server.
    ways: Vec<Vec<Link>>,
    /// The ways of callers to the gateways.
    doors: Vec<Link>,
    /// How many workers were replaced.
    replaced: AtomicUsize,
    /// Where the gateways listen.
    addresses: Vec<String>,
    /// The admin key of the tenant `default`.
    pub(super) admin_key: String,
}

impl Fleet {
    /// Starts all of them, with their logs in `folder`, and waits until they are ready.
    pub(super) async fn start(
        cluster: &Cluster,
        settings: &Settings,
        folder: &Path,
    ) -> anyhow::Result<Self> {
        let mut fleet = Self {
            seats: Vec::new(),
            ways: Vec::new(),
            doors: Vec::new(),
            replaced: AtomicUsize::new(0),
            addresses: Vec::new(),
            admin_key: String::new(),
        };
        for (seat, role) in SEATS.into_iter().enumerate() {
            let mut settings = settings.clone();
            let mut ways = Vec::new();
            for node in 0..NODES {
                ways.push(Link::to(&cluster.address(node)).await);
            }
            let urls: Vec<_> = ways.iter().map(Link::url).collect();
            settings.set("nats.url", urls.join(","));
            if role == Role::Gateway {
                let address = format!("127.0.0.1:{}", free_port());
                settings.set("gateway.listen", address.as_str());
                fleet.doors.push(Link::to(&address).await);
                fleet.addresses.push(address);
            }
            if role == Role::Worker {
                settings.set("worker.id", name_of(seat));
            }
            let launch = Launch {
                program: program(),
                arguments: vec![role.as_str().to_owned()],
                environment: settings.environment().collect(),
                log: None,
            };
            fleet.seats.push(Seat::start(&name_of(seat), folder, launch));
            fleet.ways.push(ways);
            if seat == 0 {
                // The first one makes the key and says it once.
                let line = fleet.seats[0].says("admin key").await?;
                line.rsplit(' ').next().unwrap_or_default().clone_into(&mut fleet.admin_key);
            }
        }
        fleet.is_ready().await?;
        Ok(fleet)
    }

    /// Waits until every process has said that it is ready.
    pub(super) async fn is_ready(&self) -> anyhow::Result<()> {
        for seat in &self.seats {
            seat.says(" ready").await?;
        }
        Ok(())
    }

    /// Workers and gateways: whoever writes and reads objects.
    pub(super) fn users_of_objects(&self) -> impl Iterator<Item = &Seat> {
        self.seats[..GATEWAYS].iter().chain(&self.seats[WORKERS])
    }

    /// The worker at this place is another one from its next start on.
    pub(super) fn rename(&self, seat: usize) {
        let turn = self.replaced.fetch_add(1, Ordering::Relaxed) + 1;
        self.seats[seat].set("MILLRACE_WORKER__ID", &format!("{}-new-{turn}", name_of(seat)));
    }

    /// The ways of a process to the servers.
    pub(super) fn ways(&self, seat: usize) -> &[Link] {
        &self.ways[seat]
    }

    /// The way of callers to a gateway.
    pub(super) fn door(&self, gateway: usize) -> &Link {
        &self.doors[gateway]
    }

    /// The address of a gateway as its callers know it, with a link before it.
    pub(super) fn door_url(&self, gateway: usize) -> String {
        format!("http://{}", self.doors[gateway].address())
    }

    /// The address of a gateway, without a link before it.
    pub(super) fn url(&self, gateway: usize) -> String {
        format!("http://{}", self.addresses[gateway])
    }

    /// Makes every way whole.
    pub(super) fn mend(&self) {
        self.ways.iter().flatten().chain(&self.doors).for_each(Link::mend);
    }
}

/// The settings of the fleet: short times, as in all system tests, and as many attempts as chaos may need.
pub(super) fn settings(folder: &Path, objects: &Path, records: &str, upstream: &str) -> Settings {
    let mut settings = Settings::default();
    let objects = format!("file://{}", objects.display());
    let workspace = folder.join("work").display().to_string();
    let key = common::signing::Keyring::generate_master_key();
    for (name, value) in [
        ("objects.url", objects.as_str()),
        ("records.url", records),
        ("worker.workspace", &workspace),
        ("worker.llm", upstream),
        ("worker.diagnostic.slots", "8"),
        ("worker.drain_grace", "3s"),
        ("security.master_key", key.expose()),
        ("nats.replicas", "3"),
        ("nats.limits.jobs_messages", "100000"),
        ("nats.limits.jobs_bytes", "64MB"),
        ("nats.limits.events_bytes", "128MB"),
        ("nats.limits.calls_bytes", "16MB"),
        ("nats.limits.webhooks_bytes", "64MB"),
        ("gateway.sync_timeout", "15s"),
        ("dispatcher.schedule", SCHEDULE),
        ("dispatcher.connect_timeout", "1s"),
        ("dispatcher.total_timeout", "2s"),
        ("jobs.max_attempts", "5"),
        ("jobs.ack_wait", "3s"),
        ("telemetry.format", "json"),
        ("telemetry.log", "info,async_nats=warn,async_nats::connector=off,worker::run=debug"),
    ] {
        settings.set(name, value);
    }
    settings
}

/// As many attempts as a webhook may need while everything fails.
const SCHEDULE: &str = "0s,500ms,1s,1s,1s,1s,1s,1s,2s,2s,2s,2s,2s,2s,5s,5s,5s,5s";
