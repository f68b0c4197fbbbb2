//! nats-server dies.

use std::time::Duration;

use tests::{Audit, Fleet, Load, Member, Receiver, Role, Side, eventually};
use tokio::time::Instant;

use super::{HUNT, Step, stubborn_fleet, victims};

const WORKER: [Step; 4] = [
    ("a start was stored", Side::After, |said| said.is_event("job.started")),
    ("an end was not stored", Side::Before, |said| said.is_event("job.succeeded")),
    ("an end was stored", Side::After, |said| said.is_event("job.succeeded")),
    ("a retry was stored", Side::After, |said| said.goes_to("delays.at.")),
];
const KEEPER: [Step; 2] = [
    ("a due job was queued", Side::After, |said| said.goes_to("jobs.")),
    ("a delivery was queued", Side::After, |said| said.goes_to("webhooks.")),
];
const DISPATCHER: [Step; 1] =
    [("a delivery was logged", Side::After, |said| said.goes_to("deliveries."))];
const GATEWAY: [Step; 2] = [
    ("a job was recorded", Side::After, |said| said.goes_to("events.")),
    ("a job was queued", Side::After, |said| said.goes_to("jobs.")),
];

/// Kills the broker, lets the process that heard no answer connect again, and brings the broker back.
async fn kill_broker(fleet: &mut Fleet, at: Member) {
    fleet.nats.kill();
    fleet.trap(at).open();
    tokio::time::sleep(Duration::from_millis(200)).await;
    fleet.nats.resume().await;
}

#[tokio::test]
async fn nats_server_dies_in_every_phase() {
    let mut fleet = stubborn_fleet().start().await;
    let (audit, receiver) = (Audit::begin(&fleet).await, Receiver::start().await);
    let (client, mut load) = (fleet.client(), Load::new(&receiver.url()));
    let mut hunted = Vec::new();
    for (role, steps) in [
        (Role::Gateway, GATEWAY.as_slice()),
        (Role::Worker, &WORKER),
        (Role::Keeper, &KEEPER),
        (Role::Dispatcher, &DISPATCHER),
    ] {
        hunted.extend(victims(&mut fleet, role, steps).await.into_iter().map(|one| (role, one)));
    }
    let until = Instant::now() + HUNT;
    while !hunted.is_empty() {
        assert!(Instant::now() < until, "these steps did not come: {hunted:?}");
        let gateway = hunted.iter().find(|(role, _)| *role == Role::Gateway);
        let at =
            gateway.map_or_else(|| client.clone(), |(_, (_, victim))| fleet.client_at(*victim));
        tokio::select! {
            () = load.submit_many(8, &at, &audit.promises) => {}
            () = any_springs(&fleet, &hunted) => {}
        }
        let Some(index) = hunted.iter().position(|(_, (_, one))| fleet.trap(*one).has_sprung())
        else {
            tokio::time::sleep(Duration::from_millis(200)).await;
            continue;
        };
        let (_, (_, victim)) = hunted.remove(index);
        kill_broker(&mut fleet, victim).await;
        eventually("the gateway is ready again", async || {
            client.get("/readyz").try_send().await.is_ok_and(|answer| answer.status == 200)
        })
        .await;
    }
    let secret = client.webhook_secret().await;
    let settled = audit.settle(&fleet, &[&receiver], &secret).await;
    // No process died, so no job was taken from one.
    assert_eq!(settled.vanished, 0, "{settled:?}");
}

async fn any_springs(fleet: &Fleet, hunted: &[(Role, (&str, Member))]) {
    while !hunted.iter().any(|(_, (_, one))| fleet.trap(*one).has_sprung()) {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
