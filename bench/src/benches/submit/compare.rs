//! What submits are compared with, and what they are to reach.

use crate::benches::peer;
use crate::context::Context;
use crate::peers::measure_queue;
use crate::report::{Goal, Sheet};
use crate::system::Sync;
use crate::tell;

use super::rows::{self, Setting};
use super::{BULK_AT_ONCE, CONNECTIONS, MOST, OURS, RAW, raw_cases};

/// Peers that take jobs one by one, and their profiles.
const PEERS: [(&str, &str); 5] = [
    ("bullmq", "plain"),
    ("bullmq", "fsync"),
    ("celery", "plain"),
    ("arq", "plain"),
    ("taskiq-nats", "plain"),
];
/// Those that single submits are to be ahead of.
const SLOWER: [&str; 3] = ["celery", "arq", "taskiq-nats"];
/// The one that also takes many at once.
const BULK_PEER: &str = "bullmq";

/// One round of every peer.
pub(super) async fn peers(context: &Context, sheet: &mut Sheet) {
    for (name, profile) in PEERS {
        tell(&format!("{name} {profile}: enqueue"));
        let figures = measure_queue(name, profile, "enqueue", &context.work).await;
        let row = rows::enqueue(name, profile);
        peer::add(sheet, &row, "jobs/s", &figures, |found| found.enqueue_per_s);
        if name == BULK_PEER {
            let figures = measure_queue(name, profile, "bulk", &context.work).await;
            let row = rows::peer_bulk(name, profile);
            peer::add(sheet, &row, "jobs/s", &figures, |found| found.bulk_per_s);
        }
    }
}

/// States what the rows are compared with and what they are to reach.
pub(crate) fn state_goals(context: &Context, sheet: &mut Sheet) {
    for connections in CONNECTIONS {
        let (row, raw) =
            (rows::single(connections, Setting::PLAIN), best(sheet, connections, Sync::Default));
        sheet.against(&row, &raw);
        sheet.goal(&row, Goal::at_least(0.25).of(&raw));
    }
    for setting in [Setting::DURABLE, Setting::ALONE, Setting::LOGGING] {
        let raw = best(sheet, MOST, setting.sync);
        sheet.against(&rows::single(MOST, setting), &raw);
    }
    for setting in [Setting::PLAIN, Setting::DURABLE, Setting::ALONE] {
        let raw = best(sheet, BULK_AT_ONCE, setting.sync);
        let bulk = rows::bulk(setting);
        sheet.against(&bulk, &raw);
        if setting.keeper {
            let recorded = rows::recorded(&bulk);
            for row in [&bulk, &recorded] {
                sheet.goal(row, Goal::at_least(0.4).of(&raw));
            }
            sheet.against(&recorded, &raw);
            sheet.against(
                &rows::recorded(&rows::single(MOST, setting)),
                &rows::single(MOST, setting),
            );
        }
    }
    sheet.goal(
        &rows::single(MOST, Setting::DURABLE),
        Goal::at_least(0.25).of(&best(sheet, MOST, Sync::Always)),
    );
    for percent in [50, 99] {
        sheet.against(&rows::open(OURS, percent), &rows::open(RAW, percent));
    }
    if context.peers {
        goals_against_peers(sheet);
    }
}

fn goals_against_peers(sheet: &mut Sheet) {
    let (single, bulk) = (rows::single(MOST, Setting::PLAIN), rows::bulk(Setting::PLAIN));
    for peer in SLOWER {
        sheet.goal(&single, Goal::ahead_of(&rows::enqueue(peer, "plain")));
    }
    sheet.goal(&bulk, Goal::ahead_of(&rows::peer_bulk(BULK_PEER, "plain")));
    let durable = rows::bulk(Setting::DURABLE);
    sheet.goal(&durable, Goal::ahead_of(&rows::peer_bulk(BULK_PEER, "fsync")));
    for (name, profile) in PEERS {
        let fsync = profile == "fsync";
        let setting = if fsync { Setting::DURABLE } else { Setting::PLAIN };
        sheet.against(&rows::enqueue(name, profile), &rows::single(MOST, setting));
        if name == BULK_PEER {
            sheet.against(&rows::peer_bulk(name, profile), &rows::bulk(setting));
        }
    }
}

/// The faster way of so many raw publishes at once, by the medians of all rounds.
fn best(sheet: &Sheet, at_once: usize, sync: Sync) -> String {
    let cases = raw_cases(sync).into_iter().filter(|(count, _)| *count == at_once);
    let ways = cases.map(|(count, connections)| rows::raw(count, connections, sync));
    let rate = |row: &String| sheet.median(row).unwrap_or_default();
    ways.max_by(|one, other| rate(one).total_cmp(&rate(other))).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_is_the_faster_way_in_most_rounds() {
        let mut sheet = Sheet::default();
        let (one, four) = (rows::raw(64, 1, Sync::Default), rows::raw(64, 4, Sync::Default));
        for (of_one, of_four) in [(10.0, 9.0), (11.0, 99.0), (12.0, 8.0)] {
            sheet.add(&one, "msg/s", of_one);
            sheet.add(&four, "msg/s", of_four);
        }
        assert_eq!(best(&sheet, 64, Sync::Default), one);
    }
}
