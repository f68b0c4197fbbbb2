//! The broker: reachable, new enough, the topology as it must be, and what its settings can lose.

use std::sync::Arc;

use common::bus::Bus;
use common::clock::SystemClock;
use common::config::Config;

use super::Finding;
use crate::assemble::bus_options;

/// How far the clocks of this machine and the broker may be apart.
const MAX_SKEW: std::time::Duration = std::time::Duration::from_secs(2);

pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let bus = match Bus::connect(bus_options(config, "doctor"), Arc::new(SystemClock)).await {
        Ok(bus) => bus,
        Err(error) => return vec![Finding::bad("nats", error.to_string())],
    };
    let mut findings =
        vec![Finding::good("nats", format!("nats-server {} answers", bus.server_version()))];
    findings.push(match bus.inspect_topology().await {
        Ok(missing) if missing.is_empty() => {
            Finding::good("topology", "every stream is there and as it must be")
        }
        Ok(missing) => Finding::note(
            "topology",
            format!("not made yet (a gateway or keeper makes them): {}", missing.join(", ")),
        ),
        Err(error) => Finding::bad("topology", error.to_string()),
    });
    findings.push(clock(&bus).await);
    findings.extend(durability(&bus).await);
    bus.close().await;
    findings
}

async fn clock(bus: &Bus) -> Finding {
    match bus.clock_skew().await {
        Ok(skew) if skew <= MAX_SKEW => {
            Finding::good("clock", format!("within {} ms of the broker's", skew.as_millis()))
        }
        Ok(skew) => Finding::bad(
            "clock",
            format!(
                "{:.1} s apart from the broker's: deadlines and delays will be wrong; use NTP",
                skew.as_secs_f64()
            ),
        ),
        Err(error) => Finding::note("clock", format!("can not be compared: {error}")),
    }
}

async fn durability(bus: &Bus) -> Vec<Finding> {
    let Ok(replicas) = bus.event_replicas().await else { return Vec::new() };
    let copies = match replicas {
        1 => Finding::note(
            "replicas",
            "1 copy of every stream: a lost disk loses everything, and nothing is accepted while the server is down",
        ),
        n => Finding::good(
            "replicas",
            format!("{n} copies of every stream; put them in different failure domains"),
        ),
    };
    let sync = Finding::note(
        "fsync",
        "a server's sync_interval can not be read over NATS. With `sync_interval: always` an accepted job survives a \
         power failure; with the server's default (two minutes) a power failure can lose the last two minutes of \
         accepted jobs, although not a crash of a process. `millrace up` and nats/server/*.conf set it to always",
    );
    let calls = Finding::note(
        "calls",
        "synchronous calls are kept in memory: a restart of the broker ends them with an error, and promises nothing else",
    );
    vec![copies, sync, calls]
}
