//! All that faults are done to.

use std::path::Path;

use common::records::testing::Postgres;
use tokio::task::spawn_blocking;

use super::cluster::Cluster;
use super::fleet::{Fleet, settings};
use super::hooks::Hooks;
use super::seat::Seat;
use super::store::Store;
use super::upstream::Upstream;
use crate::link::Link;

/// A cluster, a fleet on it, and what they need.
pub(super) struct World {
    pub(super) fleet: Fleet,
    pub(super) cluster: Cluster,
    pub(super) upstream: Upstream,
    /// The way to the language model.
    pub(super) model: Link,
    pub(super) hooks: Hooks,
    pub(super) store: Store,
    /// The way to the SQL records.
    pub(super) records: Link,
    /// The SQL records, without a link before them.
    pub(super) records_url: String,
}

impl World {
    /// Starts everything, with data and logs in `folder`, and waits until all of it is ready.
    pub(super) async fn start(folder: &Path) -> anyhow::Result<Self> {
        let upstream = Upstream::start().await?;
        let hooks = Hooks::start().await;
        let store = Store::make(folder)?;
        let records_url = spawn_blocking(|| Postgres::shared().new_database()).await?;
        let address = host_of(&records_url).to_owned();
        let records = Link::to(&address).await;
        let linked = records_url.replace(&address, &records.address().to_string());
        let cluster = Cluster::start(folder).await?;
        let model = Link::to(upstream.url().trim_start_matches("http://")).await;
        let way = format!("http://{}", model.address());
        let settings = settings(folder, store.folder(), &linked, &way);
        let fleet = Fleet::start(&cluster, &settings, folder).await?;
        Ok(Self { fleet, cluster, upstream, model, hooks, store, records, records_url })
    }

    /// Every process, the servers included.
    pub(super) fn seats(&self) -> impl Iterator<Item = &Seat> {
        self.cluster.nodes.iter().chain(&self.fleet.seats)
    }

    /// Ends everything: when it returns no process runs and nothing is mounted any more.
    pub(super) fn end(self) -> anyhow::Result<()> {
        let Self { fleet, cluster, store, .. } = self;
        drop(fleet);
        drop(cluster);
        store.end()
    }

    /// Makes everything whole again.
    pub(super) fn heal(&self) -> anyhow::Result<()> {
        self.fleet.mend();
        self.records.mend();
        self.model.mend();
        self.upstream.falls_ill(None);
        self.hooks.falls_ill(None);
        self.store.heal()?;
        (0..self.cluster.nodes.len()).for_each(|node| self.cluster.join(node));
        self.seats().for_each(Seat::heal);
        Ok(())
    }
}

/// Host and port of `postgres://user@host:port/database?…`.
fn host_of(url: &str) -> &str {
    let rest = url.split_once('@').map_or(url, |(_, rest)| rest);
    rest.split_once('/').map_or(rest, |(host, _)| host)
}
