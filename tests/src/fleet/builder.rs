//! How a fleet starts.

use common::objects::testing::StoreServer;

use super::{Fleet, Member};
use crate::builder::Builder;
use crate::ground::Ground;

/// Composes a [`Fleet`].
pub type FleetBuilder = Builder<Fleet>;

impl FleetBuilder {
    /// All of it stores objects in this server.
    #[must_use]
    pub fn objects_in(mut self, server: &StoreServer) -> Self {
        self.plan.settings.set("objects.url", server.url()).set_variables(server.environment());
        self
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
