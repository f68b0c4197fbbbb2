//! What is done when: it follows from the seed and nothing else.

use std::fmt;
use std::time::Duration;

use rand::rngs::ChaCha12Rng;
use rand::{RngExt as _, SeedableRng as _};

use super::cluster::NODES;
use super::fault::{Fault, Illness, Malady, Victim, Wire};
use super::fleet::{GATEWAYS, SEATS, WORKERS};
use super::weather::{Kind, Weather};

/// The streams and consumers whose leaders are moved.
const LED: [(&str, Option<&str>); 22] = [
    ("JOB_EVENTS", None),
    ("JOBS_diagnostic", None),
    ("JOBS_llm", None),
    ("CALLS_diagnostic", None),
    ("CALLS_llm", None),
    ("DELAYS", None),
    ("WEBHOOKS", None),
    ("DEAD_JOBS", None),
    ("DELIVERIES", None),
    ("LIMITS", None),
    ("KV_config", None),
    ("KV_workers", None),
    ("JOB_EVENTS", Some("outbox")),
    ("JOB_EVENTS", Some("record")),
    ("DELIVERIES", Some("record_deliveries")),
    ("DELAYS", Some("pump_jobs")),
    ("DELAYS", Some("pump_webhooks")),
    ("WEBHOOKS", Some("deliver")),
    ("JOBS_diagnostic", Some("normal-diagnostic")),
    ("JOBS_diagnostic", Some("bulk-diagnostic")),
    ("JOBS_llm", Some("normal-mill")),
    ("CALLS_llm", Some("interactive-mill")),
];

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
    let span = weather.span(span);
    let mut random = ChaCha12Rng::seed_from_u64(seed);
    let mut planned: Vec<Planned> = Vec::new();
    let mut at = Duration::from_millis(500);
    loop {
        at += Duration::from_millis(random.random_range(weather.pace()));
        let fault = draw(weather, &mut random);
        let lasts = Duration::from_millis(duration(weather, &fault, &mut random));
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

fn draw(weather: Weather, random: &mut ChaCha12Rng) -> Fault {
    let silent = random.random_range(0..2) == 0;
    let seat = random.random_range(0..SEATS.len());
    let node = random.random_range(0..NODES);
    let anybody = if random.random_range(0..8) < weather.brokers() {
        Victim::Node(node)
    } else {
        Victim::Seat(seat)
    };
    let wire = match random.random_range(0..9) {
        0..2 => Wire::Callers(random.random_range(0..GATEWAYS)),
        2 => Wire::Records,
        3 => Wire::Model,
        4 => Wire::Hooks,
        _ => Wire::Broker(seat),
    };
    match weather.kind(random) {
        Kind::Kill => Fault::Kill(anybody),
        Kind::Pause => Fault::Pause(anybody),
        Kind::Restart => Fault::Restart(anybody),
        Kind::Replace => Fault::Replace(WORKERS.start + seat % WORKERS.len()),
        Kind::Minority => Fault::Minority { left: node, killed: silent },
        Kind::Meta => Fault::MoveMeta,
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

fn pick<T: Copy, const N: usize>(random: &mut ChaCha12Rng, all: [T; N]) -> T {
    all[random.random_range(0..N)]
}

/// How many milliseconds a fault lasts. Servers take seconds to choose a leader, and a worker's presence outlives it.
fn duration(weather: Weather, fault: &Fault, random: &mut ChaCha12Rng) -> u64 {
    match fault {
        Fault::Reset(_) | Fault::MoveMeta | Fault::MoveLeader { .. } => 0,
        Fault::Blackout => random.random_range(0..1_500),
        // All wait for these, so that little else would be seen.
        Fault::Minority { .. } => random.random_range(1_000..8_000),
        _ if weather == Weather::Long => random.random_range(10_000..45_000),
        Fault::Kill(Victim::Node(_)) | Fault::Pause(Victim::Node(_)) | Fault::Partition { .. } => {
            random.random_range(500..9_000)
        }
        _ => random.random_range(200..5_000),
    }
}

/// Where a fault is: two at one place at a time would undo each other. At most one nats-server is away at a time,
/// unless two or all are meant to be.
fn place(fault: &Fault) -> String {
    match fault {
        Fault::Kill(victim) | Fault::Pause(victim) | Fault::Restart(victim) => match victim {
            Victim::Seat(seat) => format!("process {seat}"),
            Victim::Node(_) => "broker".to_owned(),
        },
        Fault::Replace(seat) => format!("process {seat}"),
        Fault::Blackout | Fault::Minority { .. } | Fault::Partition { .. } => "broker".to_owned(),
        Fault::MoveMeta | Fault::MoveLeader { .. } => "leader".to_owned(),
        Fault::StoreFull | Fault::StoreAway => "store".to_owned(),
        Fault::RecordsAway { .. } => wire_place(Wire::Records),
        Fault::Delay { wire, .. } | Fault::Reset(wire) | Fault::Cut { wire, .. } => {
            wire_place(*wire)
        }
        Fault::Upstream(_) => wire_place(Wire::Model),
        Fault::Receiver(_) => wire_place(Wire::Hooks),
    }
}

fn wire_place(wire: Wire) -> String {
    format!("{wire:?}")
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
        let first = plan(17, SPAN)[0].to_string();
        assert_eq!(
            first, "  1.13 s   4.15 the object store is away",
            "a seed of old reports is another one"
        );
        assert_eq!(plan(17, SPAN), plan(17, SPAN));
        assert_ne!(plan(17, SPAN), plan(18, SPAN));
    }

    #[test]
    fn every_fault_ends_within_the_span_and_none_meets_another_at_its_place() {
        for seed in 0..50 {
            let planned = plan(seed, SPAN);
            assert!(planned.len() > 6, "{seed}: {planned:#?}");
            for (index, one) in planned.iter().enumerate() {
                assert!(one.at + one.lasts <= Weather::of(seed).span(SPAN), "{seed}: {one}");
                let later = &planned[index + 1..];
                let meets = later.iter().find(|other| {
                    place(&other.fault) == place(&one.fault) && other.at < one.at + one.lasts
                });
                assert!(meets.is_none(), "{seed}: {one} and {meets:?}");
            }
        }
    }

    #[test]
    fn long_faults_outlast_what_waits_for_them() {
        let seeds: Vec<_> = (0..50).filter(|seed| Weather::of(*seed) == Weather::Long).collect();
        assert_eq!(seeds.len(), 10);
        let all: Vec<_> = seeds.into_iter().flat_map(|seed| plan(seed, SPAN)).collect();
        let longest = |kind: &str| {
            let of_kind = all.iter().filter(|one| one.fault.kind() == kind);
            of_kind.map(|one| one.lasts.as_secs()).max().unwrap_or_default()
        };
        // A worker's presence ends after 15 s, and a silent server is left after 9 s.
        assert!(longest("worker replaced") > 20);
        assert!(longest("nats-server partitioned") > 20);
        assert!(longest("connections cut") > 30);
    }

    #[test]
    fn fifty_seeds_have_every_kind() {
        let all: Vec<_> = (0..50).flat_map(|seed| plan(seed, SPAN)).collect();
        let kinds: BTreeSet<_> = all.iter().map(|one| one.fault.kind()).collect();
        assert_eq!(kinds.len(), 21, "{kinds:?}");
    }
}
