//! Which roles a stack has, and how they are set.

use std::time::Duration;

use common::bus::StreamLimits;

use super::Stack;
use crate::Role;
use crate::ground::{Ground, GroundPlan};

/// Composes a [`Stack`].
pub struct StackBuilder {
    plan: GroundPlan,
    roles: Vec<(Role, usize)>,
}

impl Default for StackBuilder {
    fn default() -> Self {
        // In the order of their start: what a gateway accepts finds the others in place.
        let roles =
            vec![(Role::Gateway, 1), (Role::Keeper, 1), (Role::Dispatcher, 1), (Role::Worker, 1)];
        Self { plan: GroundPlan::default(), roles }
    }
}

impl StackBuilder {
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

    /// Sets a key of the configuration, for every role.
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

    /// Other sizes of the streams.
    #[must_use]
    pub fn limits(mut self, change: impl FnOnce(&mut StreamLimits)) -> Self {
        change(&mut self.plan.limits);
        self
    }

    /// How long the broker keeps the end of a job; below what a configuration allows.
    #[must_use]
    pub fn status_retention(mut self, retention: Duration) -> Self {
        self.plan.status_retention = retention;
        self
    }

    /// More arguments for nats-server.
    #[must_use]
    pub fn nats_arguments(mut self, arguments: &[&str]) -> Self {
        self.plan.nats_arguments = arguments.iter().map(|&text| text.to_owned()).collect();
        self
    }

    /// The test leaves work in the queues, on purpose.
    #[must_use]
    pub fn leaves_messages(mut self) -> Self {
        self.plan.leaves_messages = true;
        self
    }

    /// Starts everything, and waits until gateways know the workers.
    pub async fn start(self) -> Stack {
        let mut stack = Stack {
            ground: Ground::prepare(self.plan).await,
            roles: std::collections::BTreeMap::new(),
            started: 0,
            admin_key: String::new(),
        };
        for (role, count) in self.roles {
            for _ in 0..count {
                stack.add(role).await;
            }
        }
        stack
    }
}
