//! What streams are compared with, and what they are to reach.

use crate::report::{Goal, Sheet};

use super::capacity::{memory_row, row};
use super::{FIRST, FIRST_99, GAP, MILLRACE, PEERS, WAY, added_row};

/// A peer that could not be measured.
pub(super) fn missing(sheet: &mut Sheet, peer: &str, why: &str) {
    sheet.missing(&added_row(peer, FIRST), "ms", why);
}

/// Says which version of a peer was measured.
pub(super) fn version(sheet: &mut Sheet, peer: &str, version: Option<&str>) {
    if let Some(version) = version {
        sheet.note(&added_row(peer, FIRST), version);
    }
}

/// What the rows are to reach, after the rounds.
pub(super) fn state_goals(sheet: &mut Sheet, peers: bool) {
    sheet.goal(&added_row(MILLRACE, FIRST), Goal::at_most(1.0));
    sheet.goal(&row(MILLRACE), Goal::at_least(1_000.0));
    sheet.goal(&memory_row(MILLRACE), Goal::at_most(64.0));
    sheet.against(&row(MILLRACE), &row("direct"));
    for peer in PEERS.into_iter().filter(|_| peers) {
        for what in [FIRST, FIRST_99, WAY, GAP] {
            sheet.against(&added_row(peer, what), &added_row(MILLRACE, what));
        }
        sheet.against(&row(peer), &row(MILLRACE));
    }
}
