//! A gateway dies while its caller waits for a word from it.

use std::time::Duration;

use common::clock::{Clock as _, SystemClock};
use common::job::JobState;
use serde_json::{Value, json};
use tests::upstream::{Answer, Upstream};
use tests::{Audit, Call, Client, Fleet, Receiver, Role, Said, Side, eventually};

use super::stubborn_fleet;

/// Makes a call at a gateway that dies at a step. Its caller gets no answer, unless nothing was left to wait for.
async fn call_and_die(
    fleet: &mut Fleet,
    side: Side,
    wanted: fn(&Said) -> bool,
    call: impl FnOnce(&Client) -> Call,
) -> Option<tests::Answer> {
    let victim = fleet.add_trapped(Role::Gateway, side, wanted).await;
    let call = call(&fleet.client_at(victim)).try_send();
    let sprung = fleet.trap(victim).springs();
    let kill = async {
        sprung.await;
        fleet.kill(victim);
    };
    tokio::join!(call, kill).0.ok()
}

fn in_a_while(seconds: u64) -> Value {
    json!(SystemClock.now().plus(Duration::from_secs(seconds)))
}

#[tokio::test]
async fn a_gateway_dies_at_every_step_of_a_submit() {
    let mut fleet = stubborn_fleet().start().await;
    let (audit, receiver) = (Audit::begin(&fleet).await, Receiver::start().await);
    let client = fleet.client();
    // Queued or scheduled; before the event nothing is known of the job, afterwards it must end.
    let steps: [(bool, usize, Side, fn(&Said) -> bool); 6] = [
        (false, 0, Side::Before, |said| said.goes_to("events.")),
        (false, 1, Side::After, |said| said.goes_to("events.")),
        (false, 1, Side::Before, |said| said.goes_to("jobs.")),
        (false, 1, Side::After, |said| said.goes_to("jobs.")),
        (true, 1, Side::Before, |said| said.goes_to("delays.at.")),
        (true, 1, Side::After, |said| said.goes_to("delays.at.")),
    ];
    let mut expected = 0;
    for (number, (later, stored, side, wanted)) in steps.into_iter().enumerate() {
        for tries_again in [false, true] {
            let mut job = json!({"operation": "diagnostic.echo", "webhook": receiver.url()});
            if later {
                job["run_at"] = in_a_while(2);
            }
            let key = format!("{number} {tries_again}");
            let submit = |client: &Client| client.post("/v1/jobs").idempotent(&key).json(&job);
            let answer = call_and_die(&mut fleet, side, wanted, submit).await;
            assert!(answer.is_none(), "a dead gateway has answered: {answer:?}");
            expected += if tries_again { 1 } else { stored };
            if tries_again {
                // At another gateway: it is the job of the first try, if that came so far.
                audit.promises.told(&submit(&client).send().await.job(202));
            }
        }
    }
    let secret = client.webhook_secret().await;
    let settled = audit.settle(&fleet, &[&receiver], &secret).await;
    assert_eq!((settled.states["succeeded"], settled.runs), (expected, expected), "{settled:?}");
}

#[tokio::test]
async fn a_gateway_dies_at_every_step_of_a_cancel() {
    let mut fleet = stubborn_fleet().start().await;
    let (audit, receiver) = (Audit::begin(&fleet).await, Receiver::start().await);
    let client = fleet.client();
    // Waiting or running; whether the wish was stored decides the end.
    let steps: [(&str, Side, fn(&Said) -> bool); 3] = [
        ("succeeded", Side::Before, |said| said.goes_to("events.")),
        ("canceled", Side::After, |said| said.goes_to("events.")),
        ("canceled", Side::Before, |said| said.goes_to("control.")),
    ];
    let mut expected = Vec::new();
    for runs in [false, true] {
        for (end, side, wanted) in steps {
            let job = if runs {
                json!({"operation": "diagnostic.sleep", "input": {"ms": 4_000}, "webhook": receiver.url()})
            } else {
                json!({"operation": "diagnostic.echo", "run_at": in_a_while(4), "webhook": receiver.url()})
            };
            let job = client.submit_job(job).await;
            audit.promises.told(&job);
            if runs {
                client.reaches(job.id, JobState::Running).await;
            }
            let path = format!("/v1/jobs/{}/cancel", job.id);
            let call = |client: &Client| client.post(&path);
            if let Some(answer) = call_and_die(&mut fleet, side, wanted, call).await {
                audit.promises.told(&answer.job(200));
            }
            expected.push((job.id, end));
        }
    }
    // With the message of a canceled job still in place.
    let job =
        json!({"operation": "diagnostic.echo", "run_at": in_a_while(2), "webhook": receiver.url()});
    let job = client.submit_job(job).await;
    let path = format!("/v1/jobs/{}/cancel", job.id);
    let removes: fn(&Said) -> bool = |said| said.goes_to("$JS.API.STREAM.MSG.DELETE.");
    call_and_die(&mut fleet, Side::Before, removes, |client| client.post(&path)).await;
    expected.push((job.id, "canceled"));
    for (job, end) in expected {
        assert_eq!(client.ended(job).await.status.as_str(), end, "{job}");
    }
    let secret = client.webhook_secret().await;
    audit.settle(&fleet, &[&receiver], &secret).await;
}

#[tokio::test]
async fn a_gateway_dies_while_callers_wait_for_their_answers() {
    let upstream = Upstream::start(&["tiny"]).await;
    upstream.will(Answer::Late(Duration::from_secs(4)));
    let mut fleet = stubborn_fleet().with(Role::Gateway, 2).llm(&upstream.url()).start().await;
    let (audit, receiver) = (Audit::begin(&fleet).await, Receiver::start().await);
    let gateways = fleet.all(Role::Gateway);
    let (victim, other) = (fleet.client_at(gateways[0]), fleet.client_at(gateways[1]));
    victim.knows("tiny").await;

    let chat = json!({"model": "tiny", "messages": [{"role": "user", "content": "Hi"}]});
    let call = victim.post("/v1/chat/completions").json(&chat).try_send();
    let job =
        json!({"operation": "diagnostic.sleep", "input": {"ms": 4000}, "webhook": receiver.url()});
    let waits = victim.post("/v1/jobs").prefer("wait=20").json(&job).try_send();
    let kill = async {
        upstream.asked_times(1).await;
        eventually("the job runs", async || {
            other.list("state=running").await.iter().any(|job| job.operation == "diagnostic.sleep")
        })
        .await;
        fleet.kill(gateways[0]);
    };
    let (call, waits, ()) = tokio::join!(call, waits, kill);
    assert!(call.is_err() && waits.is_err(), "{call:?} {waits:?}");

    let secret = other.webhook_secret().await;
    let settled = audit.settle(&fleet, &[&receiver], &secret).await;
    // The call and the job have ended once each, and were run once.
    assert_eq!((settled.states["succeeded"], settled.callbacks), (2, 1), "{settled:?}");
    assert_eq!(upstream.asked().len(), 1);
}
