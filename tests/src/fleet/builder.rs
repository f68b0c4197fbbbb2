//! Which processes a fleet has, and how they are set.

use super::Fleet;
use crate::Role;
use crate::ground::{Ground, GroundPlan};

/// Composes a [`Fleet`].
pub struct FleetBuilder {
    plan: GroundPlan,
    roles: Vec<(Role, usize)>,
}

impl Default for FleetBuilder {
    fn default() -> Self {
        let roles = vec![(Role::Gateway, 1), (Role::Keeper, 1), (Role::Dispatcher, 1), (Role::Worker, 1)];
        Self { plan: GroundPlan::default(), roles }
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

    /// Workers ask this OpenAI-compatible endpoint.
    #[must_use]
    pub fn llm(self, url: &str) -> Self {
        self.set("worker.llm", url)
    }

    /// The test leaves work in the queues, on purpose.
    #[must_use]
    pub fn leaves_messages(mut self) -> Self {
        self.plan.leaves_messages = true;
        self
    }

    /// Starts everything, one after the other.
    pub async fn start(self) -> Fleet {
        let mut fleet = Fleet {
            ground: Ground::prepare(self.plan).await,
            processes: Vec::new(),
            admin_key: String::new(),
        };
        for (role, count) in self.roles {
            for _ in 0..count {
                fleet.add_with(role, |_| {}).await;
            }
        }
        fleet
    }
}
