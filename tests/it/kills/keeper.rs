//! A keeper dies.

use tests::{Audit, Load, Receiver, Role, Said, Side};

use super::{Step, kill_each_at_its_step, stubborn_fleet, victims};

fn acks(said: &Said, consumer: &str) -> bool {
    said.goes_to(&format!("$JS.ACK.{consumer}.")) && said.text() == "+ACK"
}

const STEPS: [Step; 9] = [
    ("before a due job is queued", Side::Before, |said| said.goes_to("jobs.")),
    ("when a due job is queued", Side::After, |said| said.goes_to("jobs.")),
    ("before the delay is acked", Side::Before, |said| acks(said, "DELAYS.pump_jobs")),
    ("before the delivery", Side::Before, |said| said.goes_to("webhooks.")),
    ("when the delivery is queued", Side::After, |said| said.goes_to("webhooks.")),
    ("before the end is acked", Side::Before, |said| acks(said, "JOB_EVENTS.outbox")),
    ("when SQL knows more than the broker", Side::Before, |said| acks(said, "JOB_EVENTS.record")),
    ("in the middle of the acks", Side::After, |said| acks(said, "JOB_EVENTS.record")),
    ("with deliveries recorded", Side::Before, |said| acks(said, "DELIVERIES.record_deliveries")),
];

#[tokio::test]
async fn a_keeper_dies_at_every_step() {
    let mut fleet = stubborn_fleet().without(Role::Keeper).start().await;
    let (audit, receiver) = (Audit::begin(&fleet).await, Receiver::start().await);
    let (client, mut load) = (fleet.client(), Load::new(&receiver.url()));
    let victims = victims(&mut fleet, Role::Keeper, &STEPS).await;
    kill_each_at_its_step(&mut fleet, victims, &client, &mut load, &audit.promises).await;
    for _ in 0..2 {
        fleet.add(Role::Keeper).await;
    }
    let secret = client.webhook_secret().await;
    let settled = audit.settle(&fleet, &[&receiver], &secret).await;
    assert_eq!(settled.vanished, 0, "{settled:?}");
}
