//! A dispatcher dies.

use serde_json::json;
use tests::{Audit, Load, Receiver, Role, Side};

use super::{Step, kill_each_at_its_step, stubborn_fleet, victims};

const STEPS: [Step; 4] = [
    ("before the outcome is known", Side::Before, |said| said.goes_to("deliveries.")),
    ("when the outcome is known", Side::After, |said| said.goes_to("deliveries.")),
    ("before the ack", Side::Before, |said| said.acks("WEBHOOKS")),
    ("after the ack", Side::After, |said| said.acks("WEBHOOKS")),
];

const RETRY_STEPS: [Step; 2] = [
    ("before the next attempt is scheduled", Side::Before, |said| said.goes_to("delays.at.")),
    ("when the next attempt is scheduled", Side::After, |said| said.goes_to("delays.at.")),
];

#[tokio::test]
async fn a_dispatcher_dies_at_every_step() {
    let mut fleet = stubborn_fleet().without(Role::Dispatcher).start().await;
    let (audit, receiver) = (Audit::begin(&fleet).await, Receiver::start().await);
    let (client, mut load) = (fleet.client(), Load::new(&receiver.url()));

    // With the POST received and not yet answered: the receiver knows, and nobody else.
    let holding = Receiver::start().await;
    holding.holds();
    let victim = fleet.add(Role::Dispatcher).await;
    let job = json!({"operation": "diagnostic.echo", "webhook": holding.url()});
    audit.promises.told(&client.submit_job(job).await);
    holding.wait_for(1).await;
    fleet.kill(victim);
    holding.answers(204);

    // With answers that ask for another attempt.
    let failing = Receiver::start().await;
    failing.answers(500);
    let hunted = victims(&mut fleet, Role::Dispatcher, &RETRY_STEPS).await;
    for _ in 0..3 {
        let job = json!({"operation": "diagnostic.echo", "webhook": failing.url()});
        audit.promises.told(&client.submit_job(job).await);
    }
    for (_, victim) in hunted {
        fleet.trap(victim).springs().await;
        fleet.kill(victim);
    }
    failing.answers(204);

    let victims = victims(&mut fleet, Role::Dispatcher, &STEPS).await;
    kill_each_at_its_step(&mut fleet, victims, &client, &mut load, &audit.promises).await;
    for _ in 0..2 {
        fleet.add(Role::Dispatcher).await;
    }
    let secret = client.webhook_secret().await;
    let receivers = [&receiver, &holding, &failing];
    let settled = audit.settle(&fleet, &receivers, &secret).await;
    assert!(holding.received().len() > 1 && settled.vanished == 0, "{settled:?}");
}
