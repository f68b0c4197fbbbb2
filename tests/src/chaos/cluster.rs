//! Three nats-servers on the loopback, with routes that go through links, so that one can be parted from the others.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use anyhow::Context as _;
use common::bus::testing::{binary, free_port};
use tokio::time::Instant;

use super::seat::Seat;
use crate::fleet::Launch;
use crate::link::Link;

/// How many servers there are.
pub(super) const NODES: usize = 3;
/// How long the servers may take to find each other.
const PATIENCE: Duration = Duration::from_secs(60);

/// The user, and the password, of the account that looks after the servers.
const OPERATOR: &str = "operator";

/// The servers and the routes between them.
pub(super) struct Cluster {
    /// The servers.
    pub(super) nodes: Vec<Seat>,
    ports: Vec<u16>,
    /// The way from one to another, by both.
    routes: BTreeMap<(usize, usize), Link>,
}

impl Cluster {
    /// Starts the servers with their data and logs below `folder`, and waits until JetStream answers.
    pub(super) async fn start(folder: &Path) -> anyhow::Result<Self> {
        let ports: Vec<u16> = (0..NODES).map(|_| free_port()).collect();
        let route_ports: Vec<u16> = (0..NODES).map(|_| free_port()).collect();
        let mut routes = BTreeMap::new();
        for from in 0..NODES {
            for to in (0..NODES).filter(|to| *to != from) {
                let link = Link::to(&format!("127.0.0.1:{}", route_ports[to])).await;
                routes.insert((from, to), link);
            }
        }
        let mut nodes = Vec::new();
        for index in 0..NODES {
            let name = format!("nats-{}", index + 1);
            let file = folder.join(format!("{name}.conf"));
            let data = folder.join(&name);
            let config = config(&name, &data, ports[index], route_ports[index], index, &routes);
            std::fs::write(&file, config)?;
            let arguments = vec!["-c".to_owned(), file.display().to_string()];
            let launch =
                Launch { program: binary(), arguments, environment: BTreeMap::new(), log: None };
            nodes.push(Seat::start(&name, folder, launch));
        }
        let cluster = Self { nodes, ports, routes };
        cluster.is_ready().await?;
        Ok(cluster)
    }

    /// Host and port of a server.
    pub(super) fn address(&self, node: usize) -> String {
        format!("127.0.0.1:{}", self.ports[node])
    }

    /// The addresses of all servers, without a link before them.
    pub(super) fn urls(&self) -> Vec<String> {
        (0..NODES).map(|node| format!("nats://{}", self.address(node))).collect()
    }

    /// A connection of the harness to whichever server answers.
    pub(super) async fn connect(&self) -> anyhow::Result<async_nats::Client> {
        let options = async_nats::ConnectOptions::new()
            .connection_timeout(Duration::from_secs(2))
            .request_timeout(Some(Duration::from_secs(3)));
        Ok(options.connect(self.urls()).await?)
    }

    /// A connection of the harness as the operator of the servers, who may move the leader of the cluster.
    pub(super) async fn connect_operator(&self) -> anyhow::Result<async_nats::Client> {
        let options = async_nats::ConnectOptions::with_user_and_password(
            OPERATOR.to_owned(),
            OPERATOR.to_owned(),
        );
        let options = options
            .connection_timeout(Duration::from_secs(2))
            .request_timeout(Some(Duration::from_secs(3)));
        Ok(options.connect(self.urls()).await?)
    }

    /// How often the routes of a server hindered somebody so far.
    pub(super) fn hindered(&self, node: usize) -> u64 {
        self.routes_of(node).map(Link::hindered).sum()
    }

    /// Parts a server from the others. Silently: nothing comes through, and what was said meanwhile comes later;
    /// otherwise the connections break.
    pub(super) fn part(&self, node: usize, silently: bool) {
        for link in self.routes_of(node) {
            if silently {
                link.hold();
            } else {
                link.cut();
            }
        }
    }

    /// Joins a server to the others again.
    pub(super) fn join(&self, node: usize) {
        self.routes_of(node).for_each(Link::mend);
    }

    /// Whatever a server and the others tell each other takes this much longer.
    #[cfg(test)]
    pub(super) fn lag(&self, node: usize, by: Duration) {
        self.routes_of(node).for_each(|link| link.delay(by));
    }

    fn routes_of(&self, node: usize) -> impl Iterator<Item = &Link> {
        let routes = self.routes.iter();
        routes.filter(move |((from, to), _)| *from == node || *to == node).map(|(_, link)| link)
    }

    /// Waits until three copies can be made.
    pub(super) async fn is_ready(&self) -> anyhow::Result<()> {
        let until = Instant::now() + PATIENCE;
        loop {
            let error = match self.try_out().await {
                Ok(()) => return Ok(()),
                Err(error) => error,
            };
            if Instant::now() > until {
                return Err(error).context("the cluster does not come up");
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Three copies can be made only when there are three servers that know each other.
    async fn try_out(&self) -> anyhow::Result<()> {
        let jetstream = async_nats::jetstream::new(self.connect().await?);
        let config = async_nats::jetstream::stream::Config {
            name: "CHAOS_BEGINS".to_owned(),
            subjects: vec!["chaos.begins".to_owned()],
            num_replicas: NODES,
            ..Default::default()
        };
        jetstream.create_stream(config).await?;
        jetstream.delete_stream("CHAOS_BEGINS").await?;
        Ok(())
    }
}

/// What a server is started with. It is reached by the configured routes and nowhere else: the address that it tells
/// the others is one where nobody listens.
fn config(
    name: &str,
    data: &Path,
    port: u16,
    route_port: u16,
    index: usize,
    routes: &BTreeMap<(usize, usize), Link>,
) -> String {
    let mut ways = String::new();
    for ((from, _), link) in routes {
        if *from == index {
            let _ = write!(ways, "\"nats-route://{}\", ", link.address());
        }
    }
    format!(
        r#"server_name: {name}
listen: "127.0.0.1:{port}"
jetstream {{ store_dir: "{}", max_memory_store: 1GB, max_file_store: 16GB }}
cluster {{
  name: chaos
  listen: "127.0.0.1:{route_port}"
  advertise: "127.0.0.1:1"
  no_advertise: true
  routes: [{ways}]
}}
accounts {{
  $SYS {{ users: [{{ user: {OPERATOR}, password: {OPERATOR} }}] }}
  JOBS {{ jetstream: enabled, users: [{{ user: jobs, password: jobs }}] }}
}}
no_auth_user: jobs
"#,
        data.display()
    )
}
