//! The system under test: a real nats-server and the real roles, each a process of its own, so that what each of them
//! costs can be seen.

mod broker;
mod mock;
mod process;
pub(crate) mod programs;
mod role;
mod steps;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use common::signing::Keyring;
use tokio::time::Instant;

pub(crate) use self::broker::{Broker, Sync};
pub(crate) use self::mock::Mock;
pub(crate) use self::process::Process;
pub(crate) use self::role::{Engine, Role};
pub(crate) use self::steps::SENTINELS;
use crate::cpu::{self, Watched};
use crate::http::{Connection, request};

/// How long a role may take to be ready.
const PATIENCE: Duration = Duration::from_secs(20);

/// A broker, roles around it, and the folder of their data. All of it ends when this is dropped or stopped.
pub(crate) struct System {
    /// The broker.
    pub(crate) broker: Broker,
    settings: BTreeMap<String, String>,
    roles: Vec<(Role, Process)>,
    gateway: Option<(SocketAddr, String)>,
    // Last: the folder goes when nobody writes to it any more.
    folder: tempfile::TempDir,
}

impl System {
    /// Starts a broker in a new folder below `work`. `settings` hold for every role, each a key of the configuration
    /// such as `nats.limits.jobs_bytes`.
    pub(crate) async fn start(
        work: &Path,
        sync: Sync,
        settings: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        std::fs::create_dir_all(work)?;
        let folder = tempfile::Builder::new().prefix("run-").tempdir_in(work)?;
        let broker = Broker::start(folder.path(), sync).await?;
        let at = |name: &str| folder.path().join(name).display().to_string();
        let mut all = BTreeMap::from([
            ("nats.url".to_owned(), broker.url()),
            ("objects.url".to_owned(), format!("file://{}", at("objects"))),
            ("records.url".to_owned(), format!("sqlite://{}", at("records.sqlite"))),
            ("worker.workspace".to_owned(), at("work")),
            ("security.master_key".to_owned(), Keyring::generate_master_key().expose().to_owned()),
            ("telemetry.log".to_owned(), "warn".to_owned()),
        ]);
        all.extend(settings.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())));
        Ok(Self { broker, settings: all, roles: Vec::new(), gateway: None, folder })
    }

    /// Starts a role, and waits until it is ready. Gives the time from its start to its first `200` on `/readyz`.
    pub(crate) async fn add(&mut self, role: Role) -> anyhow::Result<Duration> {
        let port = programs::free_port()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let mut settings = self.settings.clone();
        settings.insert(role.listens_on().to_owned(), address.to_string());
        let config = self.folder.path().join(format!("{}.toml", role.word()));
        std::fs::write(&config, role.config())?;
        let environment = settings.into_iter().map(|(key, value)| {
            (format!("MILLRACE_{}", key.to_uppercase().replace('.', "__")), value)
        });
        let arguments = [role.word().as_ref(), "--config".as_ref(), config.as_os_str()];
        let begun = Instant::now();
        let program = programs::millrace()?;
        let mut process =
            Process::start(role.word(), &program, &arguments, environment, self.folder.path())?;
        let ready = request("GET", "/readyz", "", b"");
        process
            .wait_for(PATIENCE, async |_| {
                let answer = Connection::new(address).call(&ready).await;
                answer.is_ok_and(|answer| answer.status == 200).then_some(())
            })
            .await?;
        let took = begun.elapsed();
        if role == Role::Gateway && self.gateway.is_none() {
            let said = process.said();
            let line = said.lines().find(|line| line.starts_with("admin key"));
            let key = line.and_then(|line| line.rsplit(' ').next());
            self.gateway =
                Some((address, key.context("the gateway told no admin key")?.to_owned()));
        }
        self.roles.push((role, process));
        Ok(took)
    }

    /// Waits until callers can use so many models.
    pub(crate) async fn offers(&self, models: usize) -> anyhow::Result<()> {
        let request = request("GET", "/v1/models", self.key(), b"");
        let mut connection = Connection::new(self.address()?);
        let until = Instant::now() + PATIENCE;
        loop {
            let list = connection.call(&request).await?.expect(200)?.json()?;
            let known = list["data"].as_array().map_or(0, Vec::len);
            if known >= models {
                return Ok(());
            }
            anyhow::ensure!(Instant::now() < until, "{known} of {models} models are offered");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Where the gateway listens.
    pub(crate) fn address(&self) -> anyhow::Result<SocketAddr> {
        Ok(self.gateway.as_ref().context("there is no gateway")?.0)
    }

    /// The admin key; empty without a gateway.
    pub(crate) fn key(&self) -> &str {
        self.gateway.as_ref().map_or("", |(_, key)| key)
    }

    /// The folder of all data.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A part under watch, for example `gateway` or `nats`.
    pub(crate) fn part(&self, name: &str) -> anyhow::Result<Watched> {
        let all = self.watched().into_iter();
        all.into_iter().find(|part| part.name == name).with_context(|| format!("no {name} runs"))
    }

    /// Every process, and the load itself.
    pub(crate) fn watched(&self) -> Vec<Watched> {
        let roles = self.roles.iter().map(|(_, process)| process.watched());
        std::iter::once(self.broker.watched()).chain(roles).chain([cpu::load()]).collect()
    }

    /// Ends all of it, the broker last.
    pub(crate) async fn stop(self) {
        futures::future::join_all(self.roles.into_iter().map(|(_, role)| role.stop())).await;
        self.broker.stop().await;
    }
}
