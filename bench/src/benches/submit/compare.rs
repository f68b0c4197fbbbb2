//! What submits are compared with, and what they are to reach.

use crate::context::Context;
use crate::peers::measure_queue;
use crate::report::{Goal, Sheet};
use crate::tell;

use super::{CONNECTIONS, bulk_row, raw_row, single_row};

/// Peers that take jobs one by one.
const PEERS: [&str; 4] = ["bullmq", "celery", "arq", "taskiq-nats"];
/// Those that single submits are to be ahead of.
const SLOWER: [&str; 3] = ["celery", "arq", "taskiq-nats"];
/// The one that also takes many at once.
const BULK_PEER: &str = "bullmq";

/// One round of every peer.
pub(super) async fn peers(context: &Context, sheet: &mut Sheet) {
    if !context.peers {
        return;
    }
    for peer in PEERS {
        tell(&format!("{peer}: enqueue"));
        one(sheet, peer, "enqueue", &enqueue_row(peer)).await;
    }
    tell(&format!("{BULK_PEER}: bulk"));
    one(sheet, BULK_PEER, "bulk", &bulk_peer_row()).await;
}

async fn one(sheet: &mut Sheet, peer: &str, measure: &str, row: &str) {
    match measure_queue(peer, "plain", measure).await {
        Ok(figures) => {
            let value = if measure == "bulk" { figures.bulk_per_s } else { figures.enqueue_per_s };
            match value {
                Some(value) => {
                    sheet.add(row, "jobs/s", value);
                    sheet.note(
                        row,
                        &format!("{}; accepted means: {}", figures.version, figures.promise),
                    );
                }
                None => sheet.missing(row, "jobs/s", "the peer gave no figure"),
            }
        }
        Err(why) => sheet.missing(row, "jobs/s", &why),
    }
}

/// What the rows are to reach, after the rounds.
pub(super) fn state_goals(sheet: &mut Sheet, peers: bool) {
    for connections in CONNECTIONS {
        for keeper in [true, false] {
            sheet.against(&single_row(connections, keeper), &raw_row(connections));
        }
        sheet.goal(&single_row(connections, true), Goal::at_least(0.25).of(&raw_row(connections)));
    }
    let most = CONNECTIONS[CONNECTIONS.len() - 1];
    let (single, bulk) = (single_row(most, true), bulk_row(true));
    sheet.goal(&bulk, Goal::at_least(0.4).of(&raw_row(most)));
    for keeper in [true, false] {
        sheet.against(&bulk_row(keeper), &raw_row(most));
    }
    if peers {
        for peer in SLOWER {
            sheet.goal(&single, Goal::ahead_of(&enqueue_row(peer)));
        }
        sheet.goal(&bulk, Goal::ahead_of(&bulk_peer_row()));
    }
}

fn enqueue_row(peer: &str) -> String {
    format!("{peer}: enqueue")
}

fn bulk_peer_row() -> String {
    format!("{BULK_PEER}: bulk")
}
