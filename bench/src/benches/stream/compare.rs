//! What streams are compared with, and what they are to reach.

use crate::context::Context;
use crate::report::{Goal, Sheet};

use super::capacity::{all_memory_row, cores_row, memory_row, row};
use super::{DIRECT, FIRST, FIRST_99, GAP, GAP_50, MILLRACE, PEERS, WAY, added_row};

/// All that may be added; of the last two, which are close to zero, a ratio says nothing.
const ADDED: [&str; 5] = [FIRST, FIRST_99, WAY, GAP_50, GAP];

/// A peer that could not be measured.
pub(super) fn missing(sheet: &mut Sheet, peer: &str, why: &str) {
    for what in ADDED {
        sheet.missing(&added_row(peer, what), "ms", why);
    }
}

/// Says which version of a peer was measured.
pub(super) fn version(sheet: &mut Sheet, peer: &str, version: Option<&str>) {
    if let Some(version) = version {
        sheet.note(&added_row(peer, FIRST), version);
    }
}

/// States what the rows are compared with and what they are to reach.
pub(crate) fn state_goals(context: &Context, sheet: &mut Sheet) {
    sheet.goal(&added_row(MILLRACE, FIRST), Goal::at_most(1.0));
    sheet.goal(&row(MILLRACE), Goal::at_least(1_000.0));
    sheet.goal(&memory_row(MILLRACE), Goal::at_most(64.0));
    sheet.goal(&cores_row(MILLRACE), Goal::at_most(1.0));
    sheet.against(&row(MILLRACE), &row(DIRECT));
    sheet.against(&all_memory_row(MILLRACE), &memory_row(MILLRACE));
    sheet.against(&cores_row(MILLRACE), &cores_row(DIRECT));
    for peer in PEERS.into_iter().filter(|_| context.peers) {
        let added =
            ADDED[..3].iter().map(|what| (added_row(peer, what), added_row(MILLRACE, what)));
        let others = [row, memory_row, all_memory_row, cores_row];
        let others = others.map(|row| (row(peer), row(MILLRACE)));
        for (theirs, ours) in added.chain(others) {
            if sheet.median(&theirs).is_some() {
                sheet.against(&theirs, &ours);
            }
        }
    }
}
