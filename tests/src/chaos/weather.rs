//! Which kinds of faults prevail in a seed: what breaks is found sooner when not everything is broken all the time.

use rand::RngExt as _;
use rand::rngs::StdRng;

/// A kind of fault.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Kill,
    Pause,
    Restart,
    Partition,
    Leader,
    Store,
    Records,
    Delay,
    Reset,
    Cut,
    Upstream,
    Receiver,
    Blackout,
}

/// What prevails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weather {
    /// A bit of everything.
    Mixed,
    /// The broker suffers most.
    Brokers,
    /// Processes die and stand still.
    Processes,
    /// The network and what lies behind it are bad.
    Networks,
}

/// Kinds with their weights: mixed, brokers, processes, networks.
const WEIGHTS: [(Kind, [u32; 4]); 13] = [
    (Kind::Kill, [9, 6, 16, 2]),
    (Kind::Pause, [6, 6, 12, 2]),
    (Kind::Restart, [4, 2, 10, 1]),
    (Kind::Partition, [3, 8, 0, 1]),
    (Kind::Leader, [4, 12, 4, 4]),
    (Kind::Store, [3, 1, 2, 4]),
    (Kind::Records, [3, 1, 2, 4]),
    (Kind::Delay, [3, 2, 2, 6]),
    (Kind::Reset, [3, 2, 3, 8]),
    (Kind::Cut, [3, 2, 2, 8]),
    (Kind::Upstream, [3, 1, 2, 5]),
    (Kind::Receiver, [3, 1, 2, 5]),
    (Kind::Blackout, [1, 2, 0, 0]),
];

impl Weather {
    /// The weather of a seed.
    pub(super) const fn of(seed: u64) -> Self {
        match seed % 4 {
            0 => Self::Mixed,
            1 => Self::Brokers,
            2 => Self::Processes,
            _ => Self::Networks,
        }
    }

    /// How many of eight processes that suffer are nats-servers.
    pub(super) const fn brokers(self) -> u32 {
        match self {
            Self::Mixed => 1,
            Self::Brokers => 4,
            Self::Processes | Self::Networks => 0,
        }
    }

    /// One of the kinds, by their weights.
    pub(super) fn kind(self, random: &mut StdRng) -> Kind {
        let weight = |weights: &[u32; 4]| weights[self as usize];
        let all: u32 = WEIGHTS.iter().map(|(_, weights)| weight(weights)).sum();
        let mut drawn = random.random_range(0..all);
        for (kind, weights) in &WEIGHTS {
            if drawn < weight(weights) {
                return *kind;
            }
            drawn -= weight(weights);
        }
        Kind::Kill
    }
}
