//! The roles in this process, on one ground.

mod builder;
mod role;

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};

use common::lifecycle::ExitStatus;
use common::telemetry::Metrics;

pub use builder::StackBuilder;
use role::RunningRole;

use crate::client::Client;
use crate::ground::Ground;
use crate::link::Link;
use crate::settings::Settings;
use crate::{PATIENCE, Role, eventually};

/// A role of a [`Stack`], for as long as it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleId(usize);

/// Roles that run on threads of this process. When it is dropped, they end, and no work may be left in the queues.
pub struct Stack {
    ground: Ground,
    roles: BTreeMap<RoleId, RunningRole>,
    started: usize,
    admin_key: String,
}

impl Stack {
    /// One of each role; the worker runs diagnostic jobs.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Another composition.
    pub fn builder() -> StackBuilder {
        StackBuilder::default()
    }

    /// Starts another role.
    pub async fn add(&mut self, role: Role) -> RoleId {
        self.add_with(role, |_| {}).await
    }

    /// Starts another role with settings of its own.
    pub async fn add_with(&mut self, role: Role, change: impl FnOnce(&mut Settings)) -> RoleId {
        self.launch(role, None, change).await
    }

    /// Starts another role whose way to the broker the test controls.
    pub async fn add_linked(&mut self, role: Role) -> RoleId {
        let link = Link::to(&self.nats.url()).await;
        self.launch(role, Some(link), |_| {}).await
    }

    async fn launch(
        &mut self,
        role: Role,
        link: Option<Link>,
        change: impl FnOnce(&mut Settings),
    ) -> RoleId {
        let id = RoleId(self.started);
        self.started += 1;
        let mut settings = self.ground.settings.clone();
        if role == Role::Worker {
            settings.set("worker.id", format!("worker-{}", id.0));
        }
        change(&mut settings);
        let mut options = self.ground.bus_options(role.as_str());
        if let Some(link) = &link {
            options.url = link.url();
        }
        let running = RunningRole::start(role, settings.config(), options, link).await;
        if let Some(key) = running.admin_key() {
            key.clone_into(&mut self.admin_key);
        }
        self.roles.insert(id, running);
        if role == Role::Worker {
            self.worker_is_present(id).await;
        }
        id
    }

    /// A gateway is told of a new worker; what the broker shows, it knows a moment later.
    async fn worker_is_present(&self, id: RoleId) {
        let name = self.worker_id(id);
        eventually("the worker is present", async || {
            matches!(self.ground.bus.presence(&name).await, Ok(Some(_)))
        })
        .await;
    }

    /// Every running role of a kind, in the order of their start.
    pub fn all(&self, role: Role) -> Vec<RoleId> {
        self.roles.iter().filter(|(_, running)| running.role() == role).map(|(id, _)| *id).collect()
    }

    /// The first running role of a kind.
    #[track_caller]
    pub fn first(&self, role: Role) -> RoleId {
        *self.all(role).first().unwrap_or_else(|| panic!("no {} runs", role.as_str()))
    }

    /// Kills a role where it stands: nothing that it would have done next happens, its connections break.
    pub fn kill(&mut self, id: RoleId) {
        self.take(id).kill();
    }

    /// Stops a role as a signal does, and waits for its end.
    pub async fn stop(&mut self, id: RoleId) -> ExitStatus {
        self.take(id).stop(PATIENCE).await
    }

    /// Stops a role that must not finish what runs: the grace is over at once.
    pub async fn stop_hard(&mut self, id: RoleId) -> ExitStatus {
        self.take(id).stop(std::time::Duration::ZERO).await
    }

    /// Kills a worker and forgets its presence, as the broker does a quarter of a minute later.
    pub async fn kill_worker(&mut self, id: RoleId) {
        let name = self.worker_id(id);
        self.kill(id);
        self.ground.forget_worker(&name).await;
    }

    /// The id that a worker has in presence and events.
    pub fn worker_id(&self, id: RoleId) -> String {
        assert_eq!(self.running(id).role(), Role::Worker);
        format!("worker-{}", id.0)
    }

    /// The network between a linked role and the broker.
    pub fn link(&self, id: RoleId) -> &Link {
        self.running(id).link().expect("the role was started with a link")
    }

    /// The metrics of a role's process.
    pub fn metrics(&self, id: RoleId) -> Metrics {
        self.running(id).metrics()
    }

    /// The first gateway, with the admin key of the tenant `default`.
    #[track_caller]
    pub fn client(&self) -> Client {
        self.client_at(self.first(Role::Gateway))
    }

    /// A gateway, with the admin key of the tenant `default`.
    pub fn client_at(&self, gateway: RoleId) -> Client {
        let address = self.running(gateway).address().expect("a gateway has an address");
        Client::new(&format!("http://{address}"), &self.admin_key)
    }

    /// The first gateway, with a new user key of a tenant.
    pub async fn tenant(&self, tenant: &str) -> Client {
        let client = self.client();
        let key = client.new_key(tenant).await;
        client.with_key(&key)
    }

    fn running(&self, id: RoleId) -> &RunningRole {
        self.roles.get(&id).expect("the role runs")
    }

    fn take(&mut self, id: RoleId) -> RunningRole {
        self.roles.remove(&id).expect("the role runs")
    }
}

impl Deref for Stack {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
}

impl DerefMut for Stack {
    fn deref_mut(&mut self) -> &mut Ground {
        &mut self.ground
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        self.ground.assert_settled();
        for (_, role) in std::mem::take(&mut self.roles) {
            role.kill();
        }
    }
}
