//! The names of the rows.

use super::Case;

/// The median of all calls at a steady rate.
pub(super) fn plain(name: &str, case: Case) -> String {
    format!("{name}: {case}, p50")
}

/// What is added at a steady rate.
pub(super) fn added(name: &str, case: Case, percent: u32) -> String {
    format!("{name}: added p{percent}, {case}")
}

/// What is added when the only connection asks again at once.
pub(super) fn busy(name: &str, case: Case, percent: u32) -> String {
    format!("{name}: added p{percent}, {case}, back to back")
}

/// The most that goes through.
pub(super) fn most(name: &str, case: Case) -> String {
    format!("{name}: most, {case}")
}

/// What all its processes spend on a chat, back to back.
pub(super) fn cost(name: &str, case: Case) -> String {
    format!("{name}: processor time of a chat, {case}, back to back")
}

/// The limit of what goes through NATS.
pub(super) fn limit(case: Case, percent: u32) -> String {
    format!("core NATS request and reply: p{percent}, {case}")
}
