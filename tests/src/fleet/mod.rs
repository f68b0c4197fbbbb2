//! A fleet: real processes of `millrace` around one real nats-server, one SQLite file and one object directory.

mod builder;
mod family;
mod output;
mod process;
mod program;
mod tool;

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut, Index, IndexMut};

pub use builder::FleetBuilder;
pub use family::is_alive;
pub(crate) use process::Launch;
pub use process::Process;
pub(crate) use program::program;
pub use tool::{Ran, run_program, start_program};

use crate::client::Client;
use crate::ground::Ground;
use crate::settings::Settings;
use crate::trap::{Said, Side, Trap};
use crate::{Role, eventually};

/// A process of a [`Fleet`], also after its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Member(usize);

/// Processes on one ground. When it is dropped they are killed, and no work may be left in the queues.
pub struct Fleet {
    ground: Ground,
    seats: Vec<Seat>,
    admin_key: String,
}

/// What is known of one member.
struct Seat {
    role: Role,
    settings: Settings,
    process: Process,
    /// Where a gateway listens; it keeps the port when it is started again.
    address: Option<String>,
    trap: Option<Trap>,
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

    /// Starts another process.
    pub async fn add(&mut self, role: Role) -> Member {
        self.add_with(role, |_| {}).await
    }

    /// Starts another process with settings of its own.
    pub async fn add_with(&mut self, role: Role, change: impl FnOnce(&mut Settings)) -> Member {
        let member = self.spawn(role, None, change);
        self.is_ready(member).await;
        member
    }

    /// Starts another process whose network breaks off at the first message that is `wanted`.
    pub async fn add_trapped(
        &mut self,
        role: Role,
        side: Side,
        wanted: impl Fn(&Said) -> bool + Send + Sync + 'static,
    ) -> Member {
        let trap = Trap::on(&self.nats.url(), side, wanted).await;
        let member = self.spawn(role, Some(trap), |_| {});
        self.is_ready(member).await;
        member
    }

    /// Starts a process; it is not ready yet.
    fn spawn(
        &mut self,
        role: Role,
        trap: Option<Trap>,
        change: impl FnOnce(&mut Settings),
    ) -> Member {
        let member = Member(self.seats.len());
        let mut settings = self.ground.settings.clone();
        if role == Role::Worker {
            settings.set("worker.id", format!("worker-{}", member.0));
        }
        if let Some(trap) = &trap {
            settings.set("nats.url", trap.url());
        }
        change(&mut settings);
        let process = Process::spawn(launch(role, &settings));
        self.seats.push(Seat { role, settings, process, address: None, trap });
        member
    }

    /// Waits until a process says that it is ready, and until others see it.
    async fn is_ready(&mut self, member: Member) {
        let seat = &mut self.seats[member.0];
        let line = seat.process.says(" ready").await;
        match seat.role {
            Role::Gateway => {
                let address = line.rsplit("http://").next().unwrap_or_default().to_owned();
                seat.settings.set("gateway.listen", address.as_str());
                seat.address = Some(address);
                if let Some(line) = seat.process.said("admin key") {
                    line.rsplit(' ').next().unwrap_or_default().clone_into(&mut self.admin_key);
                }
            }
            Role::Worker => {
                let name = self.worker_id(member);
                eventually("the worker is present", async || {
                    matches!(self.ground.bus.presence(&name).await, Ok(Some(_)))
                })
                .await;
            }
            Role::Dispatcher | Role::Keeper => {}
        }
    }

    /// Every running process of a role, in the order of their first start.
    pub fn all(&mut self, role: Role) -> Vec<Member> {
        let seats = self.seats.iter_mut().enumerate();
        seats
            .filter_map(|(index, seat)| {
                (seat.role == role && seat.process.is_running()).then_some(Member(index))
            })
            .collect()
    }

    /// The first running process of a role.
    #[track_caller]
    pub fn first(&mut self, role: Role) -> Member {
        *self.all(role).first().unwrap_or_else(|| panic!("no {} runs", role.as_str()))
    }

    /// Kills a process (SIGKILL).
    pub fn kill(&mut self, member: Member) {
        self.seats[member.0].process.kill();
    }

    /// Starts a process again after its end, with the same settings; a gateway with the same address. Its network is
    /// whole again.
    pub async fn start_again(&mut self, member: Member) {
        let nats = self.nats.url();
        let seat = &mut self.seats[member.0];
        if seat.trap.take().is_some() {
            seat.settings.set("nats.url", nats);
        }
        let Seat { role, settings, process, .. } = seat;
        process.start_again(launch(*role, settings));
        self.is_ready(member).await;
    }

    /// The trap that a process was started with.
    pub fn trap(&self, member: Member) -> &Trap {
        self.seats[member.0].trap.as_ref().expect("the process was started with a trap")
    }

    /// The id that a worker has in presence and events.
    pub fn worker_id(&self, member: Member) -> String {
        let seat = &self.seats[member.0];
        seat.settings.get("worker.id").expect("the process is a worker").to_owned()
    }

    /// The admin key of the tenant `default`.
    pub fn admin_key(&self) -> &str {
        &self.admin_key
    }

    /// The first running gateway, with the admin key.
    #[track_caller]
    pub fn client(&mut self) -> Client {
        let gateway = self.first(Role::Gateway);
        self.client_at(gateway)
    }

    /// A gateway, with the admin key.
    pub fn client_at(&self, gateway: Member) -> Client {
        let address = self.seats[gateway.0].address.as_ref().expect("the process is a gateway");
        Client::new(&format!("http://{address}"), &self.admin_key)
    }

    /// Runs a command of an operator against a gateway of this fleet, with the admin key.
    pub async fn run(&mut self, arguments: &[&str]) -> Ran {
        let url = self.client().base().to_owned();
        let mut environment: BTreeMap<String, String> =
            self.ground.settings.environment().collect();
        environment.insert("MILLRACE_URL".to_owned(), url);
        environment.insert("MILLRACE_API_KEY".to_owned(), self.admin_key.clone());
        run_program(arguments, environment).await
    }
}

fn launch(role: Role, settings: &Settings) -> Launch {
    let arguments = vec![role.as_str().to_owned()];
    let environment = settings.environment().collect();
    Launch { program: program(), arguments, environment, log: None }
}

impl Index<Member> for Fleet {
    type Output = Process;

    fn index(&self, member: Member) -> &Process {
        &self.seats[member.0].process
    }
}

impl IndexMut<Member> for Fleet {
    fn index_mut(&mut self, member: Member) -> &mut Process {
        &mut self.seats[member.0].process
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
        self.ground.assert_settled();
        self.seats.clear();
    }
}
