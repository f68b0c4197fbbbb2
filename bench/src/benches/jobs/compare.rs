//! What jobs are compared with, and what they are to reach.

use crate::context::Context;
use crate::peers::{QueueFigures, measure_queue};
use crate::report::{Goal, Sheet};
use crate::system::Sync;
use crate::tell;

use super::drain::{limit_row, row as drain_row};
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

/// One round of every peer.
pub(super) async fn peers(context: &Context, sheet: &mut Sheet) {
    if !context.peers {
        return;
    }
    for (peer, profile, measures) in PEERS {
        for measure in measures {
            tell(&format!("{peer} {profile}: {measure}"));
            let figures = measure_queue(peer, profile, measure).await;
            if *measure == "drain" {
                let row = peer_drain(peer, profile);
                one(sheet, &row, "jobs/s", figures, |found| found.drain_per_s);
            } else {
                let (half, most) = (peer_pickup(peer, 50), peer_pickup(peer, 99));
                one(sheet, &half, "ms", figures.clone(), |found| found.pickup_p50_ms);
                one(sheet, &most, "ms", figures, |found| found.pickup_p99_ms);
            }
        }
    }
}

fn one(
    sheet: &mut Sheet,
    row: &str,
    unit: &str,
    figures: Result<QueueFigures, String>,
    pick: impl Fn(&QueueFigures) -> Option<f64>,
) {
    match figures.map(|found| (pick(&found), found)) {
        Ok((Some(value), found)) => {
            sheet.add(row, unit, value);
            sheet.note(row, &format!("{}; accepted means: {}", found.version, found.promise));
        }
        Ok((None, _)) => sheet.missing(row, unit, "the peer gave no figure"),
        Err(why) => sheet.missing(row, unit, &why),
    }
}

/// What the rows are to reach, after the rounds.
pub(super) fn state_goals(sheet: &mut Sheet, peers: bool) {
    let (plain, durable) = (drain_row(Sync::Default), drain_row(Sync::Always));
    for sync in [Sync::Default, Sync::Always] {
        sheet.against(&drain_row(sync), &limit_row(sync));
        for quantile in [0.5, 0.99] {
            sheet.against(&pickup_row(quantile, sync), &pickup_row(0.5, Sync::Default));
        }
    }
    sheet.goal(&plain, Goal::at_least(10_000.0));
    sheet.goal(&durable, Goal::at_least(5_000.0));
    sheet.goal(&pickup_row(0.5, Sync::Default), Goal::at_most(2.0));
    sheet.goal(&pickup_row(0.99, Sync::Default), Goal::at_most(10.0));
    if peers {
        for (peer, profile, measures) in PEERS {
            if measures.contains(&"drain") {
                let ours = if profile == "fsync" { &durable } else { &plain };
                sheet.goal(ours, Goal::ahead_of(&peer_drain(peer, profile)));
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
