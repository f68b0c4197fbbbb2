//! What jobs are compared with, and what they are to reach.

use crate::benches::peer;
use crate::context::Context;
use crate::peers::measure_queue;
use crate::report::{Goal, Sheet};
use crate::system::Sync;
use crate::tell;

use super::drain::{limit_row, recorded_row, row as drain_row};
use super::latency::row as pickup_row;

/// Peers and their profiles. taskiq-nats is fastest when it fetches many jobs at once, and soonest one by one.
const PEERS: [(&str, &str, &[&str]); 8] = [
    ("bullmq", "plain", &["drain", "pickup"]),
    ("bullmq", "fsync", &["drain"]),
    ("celery", "plain", &["drain", "pickup"]),
    ("arq", "plain", &["drain", "pickup"]),
    ("taskiq-nats", "plain", &["drain"]),
    ("taskiq-nats", "fsync", &["drain"]),
    ("taskiq-nats", "latency", &["pickup"]),
    ("apalis", "plain", &["drain", "pickup"]),
];

/// The one that is hardest to be ahead of.
const FASTEST: &str = "bullmq";

/// One round of every peer. Their pickup, on which no goal hangs, is measured in the first only.
pub(super) async fn peers(context: &Context, sheet: &mut Sheet, round: usize) {
    for (name, profile, measures) in PEERS {
        for measure in measures.iter().filter(|measure| round == 1 || **measure == "drain") {
            tell(&format!("{name} {profile}: {measure}"));
            let figures = measure_queue(name, profile, measure, &context.work).await;
            if *measure == "drain" {
                let row = peer_drain(name, profile);
                peer::add(sheet, &row, "jobs/s", &figures, |found| found.drain_per_s);
            } else {
                let (half, most) = (peer_pickup(name, 50), peer_pickup(name, 99));
                peer::add(sheet, &half, "ms", &figures, |found| found.pickup_p50_ms);
                peer::add(sheet, &most, "ms", &figures, |found| found.pickup_p99_ms);
            }
        }
    }
}

/// States what the rows are compared with and what they are to reach.
pub(crate) fn state_goals(context: &Context, sheet: &mut Sheet) {
    let (plain, durable) = (drain_row(Sync::Default), drain_row(Sync::Always));
    for sync in [Sync::Default, Sync::Always] {
        sheet.against(&recorded_row(sync), &limit_row(sync));
        sheet.against(&drain_row(sync), &recorded_row(sync));
    }
    for percent in [50, 99] {
        sheet.against(&pickup_row(percent, Sync::Always), &pickup_row(percent, Sync::Default));
    }
    for (row, least) in [(&plain, 10_000.0), (&durable, 5_000.0)] {
        sheet.goal(row, Goal::at_least(least));
    }
    sheet.goal(&pickup_row(50, Sync::Default), Goal::at_most(2.0));
    sheet.goal(&pickup_row(99, Sync::Default), Goal::at_most(10.0));
    if !context.peers {
        return;
    }
    for (name, profile, measures) in PEERS {
        let ours = if profile == "fsync" { &durable } else { &plain };
        if measures.contains(&"drain") {
            let goal = Goal::ahead_of(&peer_drain(name, profile));
            // To be reached once the others are.
            sheet.goal(ours, if name == FASTEST { goal.then() } else { goal });
            sheet.against(&peer_drain(name, profile), ours);
        }
        if measures.contains(&"pickup") {
            for percent in [50, 99] {
                let ours = pickup_row(percent, Sync::Default);
                sheet.against(&peer_pickup(name, percent), &ours);
            }
        }
    }
}

fn peer_drain(peer: &str, profile: &str) -> String {
    let fsync = if profile == "fsync" { ", fsync" } else { "" };
    format!("{peer}: drain{fsync}")
}

fn peer_pickup(peer: &str, percent: u32) -> String {
    format!("{peer}: pickup at 200 jobs/s, p{percent}")
}
