//! After the last fault is mended every gateway must serve every style again: a subscription that stayed dead, or a loop
//! that hangs, leaves nothing undone that anybody would miss.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, timeout};

use super::checker::Finding;
use super::ledger::Style;
use super::load::Load;

/// How long a gateway may fail a style.
const LIMIT: Duration = Duration::from_secs(30);
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(200);
/// The load never gets to this number: what is asked here has one of its own.
const FIRST: usize = 1_000_000;

/// How the gateways came back.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    /// From the mending to the first success in the style that took longest, by gateway.
    pub(super) took: BTreeMap<usize, Duration>,
    /// Who did not come back.
    pub(super) findings: Vec<Finding>,
}

/// Asks in every style at each gateway until it succeeds. What is accepted is booked, and audited as all the rest.
pub(super) async fn ask_everybody(load: &Load, healed: Instant) -> Recovery {
    let mut recovery = Recovery::default();
    // One style at one gateway at a time, so that each success is known as its.
    let asked = Style::ALL.map(|style| async move {
        let mut served = Vec::new();
        for (gateway, caller) in load.gateways.iter().enumerate() {
            let load = Load { gateways: vec![caller.clone()], ..load.clone() };
            let first = FIRST + gateway * 1_000;
            let well = timeout(LIMIT, until_served(&load, style, first)).await.is_ok();
            served.push((style, gateway, well.then(|| healed.elapsed())));
        }
        served
    });
    for (style, gateway, took) in join_all(asked).await.into_iter().flatten() {
        let Some(took) = took else {
            let style = style.as_str();
            recovery.findings.push(Finding {
                rule: "all is served again",
                job: String::new(),
                seen: format!(
                    "gateway-{} does not serve '{style}' {LIMIT:?} after all was mended",
                    gateway + 1
                ),
                may_pass: false,
            });
            continue;
        };
        let longest = recovery.took.entry(gateway).or_default();
        *longest = took.max(*longest);
    }
    recovery
}

async fn until_served(load: &Load, style: Style, first: usize) {
    for number in first.. {
        if load.ask(style, number).await {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
}
