//! The roles as processes of the real program, on one ground.

mod builder;
mod process;

use std::ops::{Deref, DerefMut};

pub use builder::FleetBuilder;
pub use process::Process;

use crate::client::Client;
use crate::ground::Ground;
use crate::settings::Settings;
use crate::{PATIENCE, Role, eventually};

/// Processes that can be killed, paused and restarted. When it is dropped, they end, and no work may be left in the
/// queues.
pub struct Fleet {
    ground: Ground,
    processes: Vec<Process>,
    admin_key: String,
}

impl Fleet {
    /// One of each role; the worker runs diagnostic jobs.
    pub async fn start() -> Self {
        Self::builder().start().await
    }

    /// Another composition.
    pub fn builder() -> FleetBuilder {
        FleetBuilder::default()
    }

    /// Starts another process with settings of its own. It is the last of its role.
    pub async fn add_with(
        &mut self,
        role: Role,
        change: impl FnOnce(&mut Settings),
    ) -> &mut Process {
        let index = self.count(role);
        let mut settings = self.ground.settings.clone();
        match role {
            // A fixed one, so that a gateway that is restarted is found again.
            Role::Gateway => {
                let port = common::bus::testing::free_port();
                settings.set("gateway.listen", format!("127.0.0.1:{port}"));
            }
            Role::Worker => {
                settings.set("worker.id", format!("worker-{index}"));
            }
            Role::Dispatcher | Role::Keeper => {}
        }
        change(&mut settings);
        let name = format!("{}-{index}", role.as_str());
        let mut process = Process::new(role, name, &settings, self.ground.dir());
        process.restart().await;
        if let Some(key) = process.admin_key() {
            self.admin_key = key;
        }
        self.processes.push(process);
        if role == Role::Worker {
            self.worker_is_present(&format!("worker-{index}")).await;
        }
        self.process(role, index)
    }

    async fn worker_is_present(&self, id: &str) {
        eventually("the worker is present", async || {
            matches!(self.ground.bus.presence(id).await, Ok(Some(_)))
        })
        .await;
    }

    /// The process of a role with this index, from 0.
    #[track_caller]
    pub fn process(&mut self, role: Role, index: usize) -> &mut Process {
        let mut of_role = self.processes.iter_mut().filter(|process| process.role() == role);
        of_role.nth(index).unwrap_or_else(|| panic!("there is no {} {index}", role.as_str()))
    }

    /// Every process.
    pub fn processes(&mut self) -> &mut [Process] {
        &mut self.processes
    }

    fn count(&self, role: Role) -> usize {
        self.processes.iter().filter(|process| process.role() == role).count()
    }

    /// A gateway, with the admin key of the tenant `default`.
    #[track_caller]
    pub fn client(&mut self, gateway: usize) -> Client {
        let base = self.process(Role::Gateway, gateway).base();
        Client::new(&base, &self.admin_key)
    }

    /// The admin key.
    pub fn admin_key(&self) -> &str {
        &self.admin_key
    }

    /// Kills a worker and forgets its presence, as the broker does a quarter of a minute later.
    pub async fn kill_worker(&mut self, index: usize) {
        self.process(Role::Worker, index).kill();
        self.ground.forget_worker(&format!("worker-{index}")).await;
    }

    /// Stops every process as a supervisor does, and checks that each ends well.
    pub async fn stop(&mut self) {
        for process in &mut self.processes {
            if process.pid().is_some() {
                let status = process.stop(PATIENCE).await;
                assert!(status.success(), "{} ended with {status}\n{}", process.name(), process.log());
            }
        }
    }
}

impl Deref for Fleet {
    type Target = Ground;

    fn deref(&self) -> &Ground {
        &self.ground
    }
}

impl DerefMut for Fleet {
    fn deref_mut(&mut self) -> &mut Ground {
        &mut self.ground
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if std::thread::panicking() {
            for process in &self.processes {
                eprintln!("--- {} ---\n{}", process.name(), process.log());
            }
        }
        self.ground.assert_settled();
    }
}
