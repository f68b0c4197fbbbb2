//! The harness of the system tests: real servers, real roles, and the means to break them.
//!
//! A [`Stack`] runs the roles in this process, each on a thread and a runtime of its own, so that one can be killed at
//! any await without a farewell. A [`Fleet`] runs them as processes, which can be killed, paused and restarted. Both
//! stand on a [`Ground`]: a nats-server, a folder for objects and records, and short times. A [`Hand`] takes messages
//! and writes events step by step, for interleavings that no worker would show twice; a [`Spy`] hears what goes over
//! the bus; a [`Link`] is the network between a role and the broker, a [`Trap`] one that breaks off at a message.

mod audit;
mod background;
mod builder;
pub mod chaos;
mod client;
mod fleet;
mod ground;
mod hand;
mod link;
mod load;
pub mod media;
mod logs;
mod receiver;
mod sdk;
mod settings;
mod settled;
mod sentinel;
mod spy;
mod stack;
mod trap;
pub mod upstream;
mod wait;

pub use audit::{Audit, Promises, Settled};
pub use builder::Builder;
pub use client::{Answer, Call, Client, Events, Ongoing, ServerEvent};
pub use common::job::testing::success;
pub use fleet::{Fleet, FleetBuilder, Member, Process, Ran, is_alive, run_program, start_program};
pub use ground::Ground;
pub use hand::{Hand, Held, success_at};
pub use link::Link;
pub use load::Load;
pub use receiver::{Received, Receiver};
pub use sdk::Sdk;
pub use settings::Settings;
pub use spy::{Overheard, Settlement, Spy};
pub use stack::{RoleId, Stack, StackBuilder};
pub use trap::{Said, Side, Trap};
pub use wait::{PATIENCE, eventually, within};

/// The four roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The HTTP front end.
    Gateway,
    /// Runs jobs.
    Worker,
    /// Delivers webhooks.
    Dispatcher,
    /// Records, pumps and repairs.
    Keeper,
}

impl Role {
    /// The role's word on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Worker => "worker",
            Self::Dispatcher => "dispatcher",
            Self::Keeper => "keeper",
        }
    }
}
