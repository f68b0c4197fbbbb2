//! What added times are compared with, and what they are to reach.

use crate::report::{Goal, Sheet};

use super::{Case, MILLRACE, PEERS, added_row, busy_row, limit_row, most_row};

/// Those that Millrace is to be ahead of everywhere.
const SLOWER: [&str; 2] = ["litellm", "portkey"];

/// A peer that could not be measured.
pub(super) fn missing(sheet: &mut Sheet, peer: &str, why: &str) {
    for case in Case::all() {
        sheet.missing(&added_row(peer, case, 50), "ms", why);
    }
}

/// Says which version of a peer was measured.
pub(super) fn version(sheet: &mut Sheet, peer: &str, version: Option<&str>) {
    let Some(version) = version else { return };
    for case in Case::all() {
        sheet.note(&added_row(peer, case, 50), version);
    }
}

/// What the rows are to reach, after the rounds.
pub(super) fn state_goals(sheet: &mut Sheet, peers: bool) {
    for case in Case::all() {
        let ours = added_row(MILLRACE, case, 50);
        for percent in [50, 99] {
            sheet.against(&added_row(MILLRACE, case, percent), &limit_row(case, percent));
        }
        if case.connections == 1 {
            sheet.goal(&ours, Goal::at_most(0.7));
            sheet.goal(&added_row(MILLRACE, case, 99), Goal::at_most(3.0));
            sheet.goal(&busy_row(MILLRACE, case, 50), Goal::at_most(0.7));
            sheet.goal(&busy_row(MILLRACE, case, 99), Goal::at_most(3.0));
        }
        for peer in PEERS.into_iter().filter(|_| peers) {
            sheet.against(&added_row(peer, case, 50), &ours);
        }
        for peer in SLOWER.into_iter().filter(|_| peers) {
            sheet.goal(&ours, Goal::at_most(1.0).of(&added_row(peer, case, 50)));
            if case.connections == 1 {
                let busy = Goal::at_most(1.0).of(&busy_row(peer, case, 50));
                sheet.goal(&busy_row(MILLRACE, case, 50), busy);
            }
            if case.connections > 1 {
                sheet.goal(&most_row(MILLRACE, case), Goal::ahead_of(&most_row(peer, case)));
            }
        }
    }
}
