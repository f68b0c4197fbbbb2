//! Real kills (SIGKILL) of every process at every step that commits something, and an audit of what was promised.

mod broker;
mod calls;
mod dispatcher;
mod gateway;
mod keeper;
mod storm;
mod worker;

use std::time::Duration;

use tests::{Client, Fleet, FleetBuilder, Load, Member, Promises, Role, Said, Side};
use tokio::time::Instant;

/// A message that a process dies at: its name, and which side of it.
type Step = (&'static str, Side, fn(&Said) -> bool);

/// As many attempts as a webhook may need while dispatchers die.
const SCHEDULE: &str = "0s,1s,1s,1s,1s,1s,2s,2s,2s,2s,2s,2s,5s,5s,5s,5s,5s,5s,5s,5s";

/// How long the last of several victims may wait for its step.
const HUNT: Duration = Duration::from_secs(60);

/// A fleet in which nothing gives up while its processes die.
fn stubborn_fleet() -> FleetBuilder {
    Fleet::builder().set("dispatcher.schedule", SCHEDULE)
}

/// Starts one process for each step.
async fn victims(fleet: &mut Fleet, role: Role, steps: &[Step]) -> Vec<(&'static str, Member)> {
    let mut victims = Vec::new();
    for (name, side, wanted) in steps {
        victims.push((*name, fleet.add_trapped(role, *side, *wanted).await));
    }
    victims
}

/// Keeps the victims busy until each of them has come to its step and is killed there.
async fn kill_each_at_its_step(
    fleet: &mut Fleet,
    mut victims: Vec<(&'static str, Member)>,
    client: &Client,
    load: &mut Load,
    promises: &Promises,
) {
    let until = Instant::now() + HUNT;
    while !victims.is_empty() {
        let names: Vec<_> = victims.iter().map(|(name, _)| name).collect();
        assert!(Instant::now() < until, "these steps did not come: {names:?}");
        load.submit_many(8, client, promises).await;
        let next_load = Instant::now() + Duration::from_millis(500);
        while Instant::now() < next_load {
            victims.retain(|(_, victim)| {
                let sprung = fleet.trap(*victim).has_sprung();
                if sprung {
                    fleet.kill(*victim);
                }
                !sprung
            });
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
