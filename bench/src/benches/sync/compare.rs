//! What added times are compared with, and what they are to reach.

use crate::context::Context;
use crate::report::{Goal, Sheet};

use super::{Case, LOGGING, MILLRACE, PEERS, rows};

/// Those that Millrace is to be ahead of everywhere.
const SLOWER: [&str; 2] = ["litellm", "portkey"];

/// The rows of one subject in one case that are compared: those where less is better.
fn less_is_better(name: &str, case: Case) -> Vec<String> {
    let mut all: Vec<String> = [50, 99].map(|percent| rows::added(name, case, percent)).into();
    if case.connections == 1 {
        all.extend([50, 99].map(|percent| rows::busy(name, case, percent)));
    }
    all.push(rows::cost(name, case));
    all
}

/// A peer that could not be measured.
pub(super) fn missing(sheet: &mut Sheet, peer: &str, why: &str) {
    for case in Case::all() {
        for row in less_is_better(peer, case) {
            let unit = if row == rows::cost(peer, case) { "µs" } else { "ms" };
            sheet.missing(&row, unit, why);
        }
        if case.connections > 1 {
            sheet.missing(&rows::most(peer, case), "chats/s", why);
        }
    }
}

/// Says which version of a peer was measured.
pub(super) fn version(sheet: &mut Sheet, peer: &str, version: Option<&str>) {
    let Some(version) = version else { return };
    for case in Case::all() {
        sheet.note(&rows::added(peer, case, 50), version);
    }
}

/// States what the rows are compared with and what they are to reach.
pub(crate) fn state_goals(context: &Context, sheet: &mut Sheet) {
    for case in Case::all() {
        for percent in [50, 99] {
            let ours = rows::added(MILLRACE, case, percent);
            sheet.against(&ours, &rows::limit(case, percent));
            let most = if percent == 50 { 0.7 } else { 3.0 };
            if case.connections == 1 {
                sheet.goal(&ours, Goal::at_most(most));
                sheet.goal(&rows::busy(MILLRACE, case, percent), Goal::at_most(most));
            }
        }
        let same = |rows: Vec<String>, name: &str| {
            rows.into_iter().zip(less_is_better(name, case)).collect::<Vec<_>>()
        };
        if case.kib == 1 && case.connections == 1 {
            for (ours, logging) in same(less_is_better(MILLRACE, case), LOGGING) {
                sheet.against(&logging, &ours);
            }
        }
        for peer in PEERS.into_iter().filter(|_| context.peers) {
            for (ours, theirs) in same(less_is_better(MILLRACE, case), peer) {
                sheet.against(&theirs, &ours);
                if SLOWER.contains(&peer) {
                    sheet.goal(&ours, Goal::below(&theirs));
                }
            }
            if case.connections > 1 {
                let (ours, theirs) = (rows::most(MILLRACE, case), rows::most(peer, case));
                sheet.against(&theirs, &ours);
                if SLOWER.contains(&peer) {
                    sheet.goal(&ours, Goal::ahead_of(&theirs));
                }
            }
        }
    }
}
