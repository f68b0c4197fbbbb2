//! What the planned faults explain.

use std::collections::BTreeMap;

/// Workers that vanish before a job is lost with them, unless its attempts end before.
const VANISH_LIMIT: u64 = 3;

type Faults = BTreeMap<&'static str, usize>;

/// How many faults are of kinds that are named by one of these words.
fn count(faults: &Faults, kinds: &[&str]) -> usize {
    let of_kinds = faults.iter().filter(|(kind, _)| kinds.iter().any(|one| kind.contains(one)));
    of_kinds.map(|(_, count)| count).sum()
}

/// Whether a job of so many attempts may have lost all of its workers.
pub(super) fn explain_lost_workers(faults: &Faults, max_attempts: u64) -> bool {
    let kinds = ["process", "worker", "nats-server", "connections", "leader"];
    count(faults, &kinds) as u64 >= max_attempts.min(VANISH_LIMIT)
}

/// Whether the end of a call may be recorded otherwise than it was answered.
pub(super) fn explain_other_ends_of_calls(faults: &Faults) -> bool {
    count(faults, &["process", "worker", "nats-server", "connections", "leader"]) > 0
}

/// Whether chats may fail because of their model.
pub(super) fn explain_bad_upstream(faults: &Faults) -> bool {
    count(faults, &["bad upstream"]) > 0
}

/// Whether webhooks may fail until no attempt is left.
pub(super) fn explain_dead_deliveries(faults: &Faults) -> bool {
    count(faults, &["bad receiver"]) > 0
}

/// Whether a copy of the events may have been asked while their leader was silent, or a leader that was cut off.
pub(super) fn explain_stale_looks(faults: &Faults) -> bool {
    count(faults, &["nats-server", "leader", "connections"]) > 0
}
