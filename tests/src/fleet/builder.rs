//! Which processes a fleet has, and how they are set.

use common::objects::testing::StoreServer;

use super::{Fleet, Member};
use crate::Role;
use crate::ground::{Ground, GroundPlan};

/// Composes a [`Fleet`].
pub struct FleetBuilder {
    plan: GroundPlan,
    roles: Vec<(Role, usize)>,
}

impl Default for FleetBuilder {
    fn default() -> Self {
        let roles = [Role::Gateway, Role::Keeper, Role::Dispatcher, Role::Worker];
        Self { plan: GroundPlan::default(), roles: roles.map(|role| (role, 1)).to_vec() }
    }
}

impl FleetBuilder {
    /// So many of a role.
    #[must_use]
    pub fn with(mut self, role: Role, count: usize) -> Self {
        for (known, number) in &mut self.roles {
            if *known == role {
                *number = count;
            }
        }
        self
    }

    /// None of a role.
    #[must_use]
    pub fn without(self, role: Role) -> Self {
        self.with(role, 0)
    }

    /// Sets a key of the configuration, for every process.
    #[must_use]
    pub fn set(mut self, key: &str, value: impl Into<String>) -> Self {
        self.plan.settings.set(key, value);
        self
    }

    /// All of it stores objects in this server.
    #[must_use]
    pub fn objects_in(mut self, server: &StoreServer) -> Self {
        self.plan.settings.set("objects.url", server.url()).set_variables(server.environment());
        self
    }

    /// Workers ask this OpenAI-compatible endpoint.
    #[must_use]
    pub fn llm(self, url: &str) -> Self {
        self.set("worker.llm", url)
    }

    /// Starts everything, and waits until all of it is ready.
    pub async fn start(self) -> Fleet {
        let ground = Ground::prepare(self.plan).await;
        let mut fleet = Fleet { ground, seats: Vec::new(), admin_key: String::new() };
        let members: Vec<Member> = self
            .roles
            .into_iter()
            .flat_map(|(role, count)| std::iter::repeat_n(role, count))
            .map(|role| fleet.spawn(role, None, |_| {}))
            .collect();
        for member in members {
            fleet.is_ready(member).await;
        }
        fleet
    }
}
