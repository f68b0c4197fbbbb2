//! What can be done to a cluster and those who use it, and how it is told.

use std::fmt;
use std::time::Duration;

use super::fleet::name_of;

/// Something bad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// SIGKILL, and a start later.
    Kill(Victim),
    /// SIGSTOP, and SIGCONT later.
    Pause(Victim),
    /// SIGTERM, and a start later.
    Restart(Victim),
    /// SIGKILL, and later a start under another id, as when a machine is replaced.
    Replace(usize),
    /// Two nats-servers are paused or killed at once: the third goes on talking, and nothing can be decided.
    Minority { left: usize, killed: bool },
    /// Every nats-server is killed at once: what is in memory is gone.
    Blackout,
    /// A nats-server can not reach the others; silently, or with broken connections.
    Partition { node: usize, silent: bool },
    /// The leader of the cluster gives its place away.
    MoveMeta,
    /// The leader of a stream or consumer gives its place away.
    MoveLeader { stream: &'static str, consumer: Option<&'static str> },
    /// The object store has no room.
    StoreFull,
    /// The object store is not there.
    StoreAway,
    /// SQL does not answer, or can not be reached.
    RecordsAway { silent: bool },
    /// A stretch of network is slow.
    Delay { wire: Wire, by: Duration },
    /// A stretch of network breaks its connections once.
    Reset(Wire),
    /// A stretch of network lets nothing through; silently, or with broken connections.
    Cut { wire: Wire, silent: bool },
    /// The language model answers badly.
    Upstream(Malady),
    /// The receiver of webhooks answers badly.
    Receiver(Illness),
}

/// A process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Victim {
    /// One of the fleet's, by its place in [`super::fleet::SEATS`].
    Seat(usize),
    /// A nats-server.
    Node(usize),
}

/// A stretch of network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    /// Between a process of the fleet and the broker.
    Broker(usize),
    /// Between callers and a gateway.
    Callers(usize),
    /// Between everybody and SQL.
    Records,
    /// Between workers and the language model.
    Model,
    /// Between dispatchers and the receiver of webhooks.
    Hooks,
}

/// How a language model answers badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Malady {
    /// With 500.
    Fails,
    /// With 429 and `Retry-After: 1`.
    Limits,
    /// With the first half of an answer and a broken connection.
    Cuts,
    /// With something that is no answer.
    Babbles,
    /// Late.
    Dawdles,
}

/// How a receiver answers badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Illness {
    /// With 500.
    Fails,
    /// Not at all.
    Hangs,
    /// With broken connections.
    Resets,
}

impl Fault {
    /// What it explains to the checker: its kind, or the one that it is like to whom the stretch of network leads.
    pub(super) fn cause(&self) -> &'static str {
        let (Self::Delay { wire, .. } | Self::Reset(wire) | Self::Cut { wire, .. }) = self else {
            return self.kind();
        };
        match wire {
            Wire::Broker(_) | Wire::Callers(_) => self.kind(),
            Wire::Records => "SQL cut",
            Wire::Model => "bad upstream",
            Wire::Hooks => "bad receiver",
        }
    }

    /// The kind of fault, for counts.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Kill(Victim::Seat(_)) => "process killed",
            Self::Kill(Victim::Node(_)) => "nats-server killed",
            Self::Pause(Victim::Seat(_)) => "process paused",
            Self::Pause(Victim::Node(_)) => "nats-server paused",
            Self::Restart(Victim::Seat(_)) => "process restarted",
            Self::Restart(Victim::Node(_)) => "nats-server restarted",
            Self::Replace(_) => "worker replaced",
            Self::Minority { .. } => "two nats-servers away",
            Self::Blackout => "all nats-servers killed",
            Self::Partition { .. } => "nats-server partitioned",
            Self::MoveMeta => "cluster leader moved",
            Self::MoveLeader { consumer: None, .. } => "stream leader moved",
            Self::MoveLeader { .. } => "consumer leader moved",
            Self::StoreFull => "object store full",
            Self::StoreAway => "object store away",
            Self::RecordsAway { .. } => "SQL cut",
            Self::Delay { .. } => "connections delayed",
            Self::Reset(_) => "connections reset",
            Self::Cut { .. } => "connections cut",
            Self::Upstream(_) => "bad upstream",
            Self::Receiver(_) => "bad receiver",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = |silent: &bool| if *silent { "silently" } else { "with broken connections" };
        match self {
            Self::Kill(victim) => write!(f, "{victim} is killed"),
            Self::Pause(victim) => write!(f, "{victim} is paused"),
            Self::Restart(victim) => write!(f, "{victim} is told to end, and started again"),
            Self::Replace(seat) => write!(f, "{} is replaced", name_of(*seat)),
            Self::Minority { left, killed } => {
                let how = if *killed { "killed" } else { "paused" };
                write!(f, "all but {} are {how}", Victim::Node(*left))
            }
            Self::Blackout => write!(f, "every nats-server is killed"),
            Self::Partition { node, silent } => {
                write!(f, "{} is parted from the others {}", Victim::Node(*node), how(silent))
            }
            Self::MoveMeta => write!(f, "the leader of the cluster gives its place away"),
            Self::MoveLeader { stream, consumer: None } => {
                write!(f, "the leader of {stream} gives its place away")
            }
            Self::MoveLeader { stream, consumer: Some(consumer) } => {
                write!(f, "the leader of {stream} > {consumer} gives its place away")
            }
            Self::StoreFull => write!(f, "the object store has no room"),
            Self::StoreAway => write!(f, "the object store is away"),
            Self::RecordsAway { silent } => write!(f, "SQL is cut off {}", how(silent)),
            Self::Delay { wire, by } => write!(f, "the way {wire} takes {by:?} longer"),
            Self::Reset(wire) => write!(f, "connections {wire} are reset"),
            Self::Cut { wire, silent } => write!(f, "the way {wire} is cut {}", how(silent)),
            Self::Upstream(malady) => write!(f, "the upstream {malady:?}"),
            Self::Receiver(illness) => write!(f, "the receiver {illness:?}"),
        }
    }
}

impl fmt::Display for Victim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seat(seat) => f.write_str(&name_of(*seat)),
            Self::Node(node) => write!(f, "nats-{}", node + 1),
        }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broker(seat) => write!(f, "from {} to NATS", name_of(*seat)),
            Self::Callers(gateway) => {
                write!(f, "from callers to {}", name_of(*gateway))
            }
            Self::Records => f.write_str("to SQL"),
            Self::Model => f.write_str("to the language model"),
            Self::Hooks => f.write_str("to the receiver"),
        }
    }
}
