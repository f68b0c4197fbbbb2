//! A worker dies.

use tests::{Audit, Load, Receiver, Role, Side};

use super::{Step, kill_each_at_its_step, stubborn_fleet, victims};

const STEPS: [Step; 12] = [
    ("before its start is known", Side::Before, |said| said.is_event("job.started")),
    ("when its start is known", Side::After, |said| said.is_event("job.started")),
    ("before the end is known", Side::Before, |said| said.is_event("job.succeeded")),
    ("when the end is known", Side::After, |said| said.is_event("job.succeeded")),
    ("before the ack", Side::Before, |said| said.acks("JOBS_diagnostic")),
    ("after the ack", Side::After, |said| said.acks("JOBS_diagnostic")),
    ("before the failure is known", Side::Before, |said| said.is_event("job.queued")),
    ("when the failure is known", Side::After, |said| said.is_event("job.queued")),
    ("before the retry is scheduled", Side::Before, |said| said.goes_to("delays.at.")),
    ("when the retry is scheduled", Side::After, |said| said.goes_to("delays.at.")),
    ("before the dead letter", Side::Before, |said| said.goes_to("dead.")),
    ("between dead letter and end", Side::After, |said| said.goes_to("dead.")),
];

#[tokio::test]
async fn a_worker_dies_at_every_step_of_a_job() {
    // One slot each, so that a victim takes one job with it and no more.
    let fleet = stubborn_fleet().set("worker.diagnostic.slots", "1").without(Role::Worker);
    let mut fleet = fleet.start().await;
    let (audit, receiver) = (Audit::begin(&fleet).await, Receiver::start().await);
    let (client, mut load) = (fleet.client(), Load::new(&receiver.url()));

    let victims = victims(&mut fleet, Role::Worker, &STEPS).await;
    kill_each_at_its_step(&mut fleet, victims, &client, &mut load, &audit.promises).await;
    for _ in 0..2 {
        fleet.add(Role::Worker).await;
    }
    let secret = client.webhook_secret().await;
    let settled = audit.settle(&fleet, &[&receiver], &secret).await;
    println!("{settled:?}");
    assert!(settled.runs > audit.promises.jobs().len(), "nobody had to run again: {settled:?}");
}
