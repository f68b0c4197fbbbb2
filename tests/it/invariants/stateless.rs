//! Invariant 5: gateway and dispatcher are stateless.

use std::time::Duration;

use common::job::JobState;
use serde_json::json;
use tests::{Receiver, Role, Stack};

/// A gateway dies under a long poll; another one answers it.
#[tokio::test]
async fn any_gateway_knows_every_job() {
    let mut stack = Stack::builder().with(Role::Gateway, 2).start().await;
    let [first, second] = stack.all(Role::Gateway)[..] else { panic!("two gateways run") };
    let (first_client, second_client) = (stack.client_at(first), stack.client_at(second));
    let job = first_client.submit("diagnostic.sleep", json!({ "ms": 1_000 })).await.id;
    let poll = first_client.get(&format!("/v1/jobs/{job}?wait=20")).start();
    second_client.reaches(job, JobState::Running).await;
    stack.kill(first);
    assert!(poll.try_answer().await.is_err(), "the gateway of this poll is dead");
    let poll = second_client.get(&format!("/v1/jobs/{job}?wait=20")).send().await;
    assert_eq!(poll.job(200).status, JobState::Succeeded);
}

/// A dispatcher dies while a receiver holds its request; another delivers under the same id.
#[tokio::test]
async fn a_delivery_outlives_its_dispatcher() {
    let receiver = Receiver::start().await;
    receiver.holds();
    let mut stack = Stack::start().await;
    let job = json!({ "operation": "diagnostic.echo", "webhook": receiver.url() });
    stack.client().submit_job(job).await;
    receiver.wait_for(1).await;
    stack.kill(stack.first(Role::Dispatcher));
    receiver.answers(200);
    stack.add(Role::Dispatcher).await;
    let received = receiver.wait_for(2).await;
    assert_eq!(received[0].webhook_id(), received[1].webhook_id());
    assert_eq!(received[0].body, received[1].body);
}

/// A limit is counted for all gateways together, and outlives them.
#[tokio::test]
async fn a_limit_is_shared_and_survives() {
    use common::clock::{Clock as _, SystemClock};

    let mut stack = Stack::builder()
        .with(Role::Gateway, 2)
        .set("gateway.max_delayed_per_hour", "3")
        .leaves_messages()
        .start()
        .await;
    let [first, second] = stack.all(Role::Gateway)[..] else { panic!("two gateways run") };
    // All within one hour by the clock.
    let run_at = SystemClock.now().plus(Duration::from_hours(48)).to_string();
    let job = json!({ "operation": "diagnostic.echo", "run_at": run_at });
    for gateway in [first, second, first] {
        stack.client_at(gateway).submit_job(job.clone()).await;
    }
    let third = stack.add(Role::Gateway).await;
    stack.kill(first);
    for gateway in [second, third] {
        let refused = stack.client_at(gateway).post("/v1/jobs").json(&job).send().await;
        assert_eq!(refused.error(429), "rate_limited");
    }
}
