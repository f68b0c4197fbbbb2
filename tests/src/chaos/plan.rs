//! What is done when: it follows from the seed and nothing else.

use std::fmt;
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::cluster::NODES;
use super::fleet::{GATEWAYS, SEATS};
use super::weather::{Kind, Weather};

/// The streams and consumers whose leaders are moved.
const LED: [(&str, Option<&str>); 12] = [
    ("JOB_EVENTS", None),
    ("JOBS_diagnostic", None),
    ("JOBS_llm", None),
    ("CALLS_llm", None),
    ("DELAYS", None),
    ("WEBHOOKS", None),
    ("KV_config", None),
    ("KV_workers", None),
    ("JOB_EVENTS", Some("outbox")),
    ("JOB_EVENTS", Some("record")),
    ("DELAYS", Some("pump_jobs")),
    ("WEBHOOKS", Some("deliver")),
];

/// Something bad.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// SIGKILL, and a start later.
    Kill(Victim),
    /// SIGSTOP, and SIGCONT later.
    Pause(Victim),
    /// SIGTERM, and a start later.
    Restart(Victim),
    /// Every nats-server is killed at once: what is in memory is gone.
    Blackout,
    /// A nats-server can not reach the others; silently, or with broken connections.
    Partition { node: usize, silent: bool },
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
    /// One of the fleet's, by its place in [`SEATS`].
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

/// A fault, when it begins and how long it lasts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Planned {
    pub(super) at: Duration,
    pub(super) lasts: Duration,
    pub(super) fault: Fault,
}

/// The faults of one seed within a span, in the order of their beginning. No two of them meet at one place.
pub(super) fn plan(seed: u64, span: Duration) -> Vec<Planned> {
    let weather = Weather::of(seed);
    let mut random = StdRng::seed_from_u64(seed);
    let mut planned: Vec<Planned> = Vec::new();
    let mut at = Duration::from_millis(500);
    loop {
        at += Duration::from_millis(random.random_range(100..900));
        let fault = draw(weather, &mut random);
        let lasts = Duration::from_millis(duration(&fault, &mut random));
        let lasts = lasts.min(span.saturating_sub(at));
        if at + Duration::from_secs(1) > span {
            return planned;
        }
        let place = place(&fault);
        let is_busy = planned
            .iter()
            .any(|other| self::place(&other.fault) == place && other.at + other.lasts > at);
        if !is_busy {
            planned.push(Planned { at, lasts, fault });
        }
    }
}

fn draw(weather: Weather, random: &mut StdRng) -> Fault {
    let silent = random.random_range(0..2) == 0;
    let seat = random.random_range(0..SEATS.len());
    let node = random.random_range(0..NODES);
    let anybody = if random.random_range(0..8) < weather.brokers() {
        Victim::Node(node)
    } else {
        Victim::Seat(seat)
    };
    let wire = match random.random_range(0..3) {
        0 => Wire::Callers(random.random_range(0..GATEWAYS)),
        _ => Wire::Broker(seat),
    };
    match weather.kind(random) {
        Kind::Kill => Fault::Kill(anybody),
        Kind::Pause => Fault::Pause(anybody),
        Kind::Restart => Fault::Restart(anybody),
        Kind::Partition => Fault::Partition { node, silent },
        Kind::Leader => {
            let (stream, consumer) = LED[random.random_range(0..LED.len())];
            Fault::MoveLeader { stream, consumer }
        }
        Kind::Store if random.random_range(0..3) == 0 => Fault::StoreAway,
        Kind::Store => Fault::StoreFull,
        Kind::Records => Fault::RecordsAway { silent },
        Kind::Delay => {
            Fault::Delay { wire, by: Duration::from_millis(random.random_range(10..200)) }
        }
        Kind::Reset => Fault::Reset(wire),
        Kind::Cut => Fault::Cut { wire, silent },
        Kind::Upstream => Fault::Upstream(pick(
            random,
            [Malady::Fails, Malady::Limits, Malady::Cuts, Malady::Babbles, Malady::Dawdles],
        )),
        Kind::Receiver => {
            Fault::Receiver(pick(random, [Illness::Fails, Illness::Hangs, Illness::Resets]))
        }
        Kind::Blackout => Fault::Blackout,
    }
}

fn pick<T: Copy, const N: usize>(random: &mut StdRng, all: [T; N]) -> T {
    all[random.random_range(0..N)]
}

/// How many milliseconds a fault lasts. Servers take seconds to choose a leader, and a worker's presence outlives it.
fn duration(fault: &Fault, random: &mut StdRng) -> u64 {
    match fault {
        Fault::Kill(Victim::Node(_)) | Fault::Pause(Victim::Node(_)) | Fault::Partition { .. } => {
            random.random_range(500..9_000)
        }
        Fault::Reset(_) | Fault::MoveLeader { .. } => 0,
        Fault::Blackout => random.random_range(0..1_500),
        _ => random.random_range(200..5_000),
    }
}

/// Where a fault is: two at one place at a time would undo each other. At most one nats-server is away at a time,
/// unless all are.
fn place(fault: &Fault) -> String {
    match fault {
        Fault::Kill(victim) | Fault::Pause(victim) | Fault::Restart(victim) => match victim {
            Victim::Seat(seat) => format!("process {seat}"),
            Victim::Node(_) => "broker".to_owned(),
        },
        Fault::Blackout | Fault::Partition { .. } => "broker".to_owned(),
        Fault::MoveLeader { .. } => "leader".to_owned(),
        Fault::StoreFull | Fault::StoreAway => "store".to_owned(),
        Fault::RecordsAway { .. } => "records".to_owned(),
        Fault::Delay { wire, .. } | Fault::Reset(wire) | Fault::Cut { wire, .. } => {
            format!("{wire:?}")
        }
        Fault::Upstream(_) => "upstream".to_owned(),
        Fault::Receiver(_) => "receiver".to_owned(),
    }
}

impl Fault {
    /// The kind of fault, for counts.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Kill(Victim::Seat(_)) => "process killed",
            Self::Kill(Victim::Node(_)) => "nats-server killed",
            Self::Pause(Victim::Seat(_)) => "process paused",
            Self::Pause(Victim::Node(_)) => "nats-server paused",
            Self::Restart(Victim::Seat(_)) => "process restarted",
            Self::Restart(Victim::Node(_)) => "nats-server restarted",
            Self::Blackout => "all nats-servers killed",
            Self::Partition { .. } => "nats-server partitioned",
            Self::MoveLeader { .. } => "leader moved",
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
            Self::Blackout => write!(f, "every nats-server is killed"),
            Self::Partition { node, silent } => {
                write!(f, "{} is parted from the others {}", Victim::Node(*node), how(silent))
            }
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
            Self::Seat(seat) => f.write_str(&super::fleet::name_of(*seat)),
            Self::Node(node) => write!(f, "nats-{}", node + 1),
        }
    }
}

impl fmt::Display for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broker(seat) => write!(f, "from {} to NATS", super::fleet::name_of(*seat)),
            Self::Callers(gateway) => {
                write!(f, "from callers to {}", super::fleet::name_of(*gateway))
            }
        }
    }
}

impl fmt::Display for Planned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, until) = (self.at.as_secs_f32(), (self.at + self.lasts).as_secs_f32());
        if self.lasts.is_zero() {
            write!(f, "{at:6.2} s        {}", self.fault)
        } else {
            write!(f, "{at:6.2} s {until:6.2} {}", self.fault)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const SPAN: Duration = Duration::from_secs(20);

    #[test]
    fn the_same_seed_gives_the_same_plan() {
        assert_eq!(plan(17, SPAN), plan(17, SPAN));
        assert_ne!(plan(17, SPAN), plan(18, SPAN));
    }

    #[test]
    fn every_fault_ends_within_the_span_and_none_meets_another_at_its_place() {
        for seed in 0..50 {
            let planned = plan(seed, SPAN);
            assert!(planned.len() > 8, "{seed}: {planned:#?}");
            for (index, one) in planned.iter().enumerate() {
                assert!(one.at + one.lasts <= SPAN, "{seed}: {one}");
                let later = &planned[index + 1..];
                let meets = later.iter().find(|other| {
                    place(&other.fault) == place(&one.fault) && other.at < one.at + one.lasts
                });
                assert!(meets.is_none(), "{seed}: {one} and {meets:?}");
            }
        }
    }

    #[test]
    fn fifty_seeds_have_every_kind() {
        let all: Vec<_> = (0..50).flat_map(|seed| plan(seed, SPAN)).collect();
        let kinds: BTreeSet<_> = all.iter().map(|one| one.fault.kind()).collect();
        assert_eq!(kinds.len(), 17, "{kinds:?}");
    }
}
