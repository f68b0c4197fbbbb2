//! How a stack starts, and what only a broker in its hands can be told.

use std::time::Duration;

use common::bus::StreamLimits;

use super::Stack;
use crate::builder::Builder;
use crate::ground::Ground;

/// Composes a [`Stack`].
pub type StackBuilder = Builder<Stack>;

impl StackBuilder {
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
