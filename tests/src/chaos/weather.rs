//! Which kinds of faults prevail in a seed: what breaks is found sooner when not everything is broken all the time.

use std::ops::Range;
use std::time::Duration;

use rand::RngExt as _;
use rand::rngs::ChaCha12Rng;

/// A kind of fault.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    Kill,
    Pause,
    Restart,
    Replace,
    Partition,
    Minority,
    Leader,
    Meta,
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
    /// Fewer faults, which last longer than what waits for them: presence, takeovers, leaving a silent server,
    /// windows of deduplication, configuration that may not be older than it is.
    Long,
}

/// Kinds with their weights: mixed, brokers, processes, networks, long.
const WEIGHTS: [(Kind, [u32; 5]); 16] = [
    (Kind::Kill, [9, 6, 16, 2, 4]),
    (Kind::Pause, [6, 6, 12, 2, 4]),
    (Kind::Restart, [4, 2, 10, 1, 1]),
    (Kind::Replace, [2, 1, 4, 1, 6]),
    (Kind::Partition, [3, 8, 1, 1, 6]),
    (Kind::Minority, [1, 4, 0, 1, 2]),
    (Kind::Leader, [4, 12, 4, 4, 2]),
    (Kind::Meta, [1, 4, 1, 1, 1]),
    (Kind::Store, [3, 1, 2, 4, 2]),
    (Kind::Records, [3, 1, 2, 4, 3]),
    (Kind::Delay, [4, 2, 2, 8, 2]),
    (Kind::Reset, [4, 2, 3, 10, 1]),
    (Kind::Cut, [3, 2, 2, 8, 5]),
    (Kind::Upstream, [3, 1, 2, 5, 1]),
    (Kind::Receiver, [3, 1, 2, 5, 2]),
    (Kind::Blackout, [1, 2, 0, 0, 1]),
];

impl Weather {
    /// The weather of a seed.
    pub(super) const fn of(seed: u64) -> Self {
        match seed % 5 {
            0 => Self::Mixed,
            1 => Self::Brokers,
            2 => Self::Processes,
            3 => Self::Networks,
            _ => Self::Long,
        }
    }

    /// How long there are faults, where others have them for `span`.
    pub(super) fn span(self, span: Duration) -> Duration {
        if self == Self::Long { span * 3 } else { span }
    }

    /// The milliseconds from the beginning of a fault to that of the next.
    pub(super) const fn pace(self) -> Range<u64> {
        if matches!(self, Self::Long) { 1_000..6_000 } else { 100..900 }
    }

    /// How many of eight processes that suffer are nats-servers.
    pub(super) const fn brokers(self) -> u32 {
        match self {
            Self::Mixed | Self::Processes | Self::Networks => 1,
            Self::Brokers => 4,
            Self::Long => 2,
        }
    }

    /// One of the kinds, by their weights.
    pub(super) fn kind(self, random: &mut ChaCha12Rng) -> Kind {
        let weight = |weights: &[u32; 5]| weights[self as usize];
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
