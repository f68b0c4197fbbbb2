//! Which roles a test has, and how they are set.

use std::marker::PhantomData;

use crate::Role;
use crate::ground::GroundPlan;

/// Composes a `T`: a [`Stack`](crate::Stack) or a [`Fleet`](crate::Fleet).
pub struct Builder<T> {
    pub(crate) plan: GroundPlan,
    /// In the order of their start: what a gateway accepts finds the others in place.
    pub(crate) roles: Vec<(Role, usize)>,
    composes: PhantomData<fn() -> T>,
}

impl<T> Default for Builder<T> {
    fn default() -> Self {
        let roles = [Role::Gateway, Role::Keeper, Role::Dispatcher, Role::Worker];
        Self {
            plan: GroundPlan::default(),
            roles: roles.map(|role| (role, 1)).to_vec(),
            composes: PhantomData,
        }
    }
}

impl<T> Builder<T> {
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
}
