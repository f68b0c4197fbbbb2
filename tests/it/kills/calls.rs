//! A worker dies in the middle of a synchronous call.

use std::time::Duration;

use serde_json::{Value, json};
use tests::upstream::{Answer, End, Upstream};
use tests::{Audit, Events, Receiver, Role, Side};
use tokio::task::JoinSet;

use super::{Step, stubborn_fleet, victims};

const STEPS: [Step; 7] = [
    ("before its start is said", Side::Before, |said| said.goes_to("reply.")),
    ("before the answer", Side::Before, |said| said.replies("result")),
    ("when the answer is out", Side::After, |said| said.replies("result")),
    ("before the record", Side::Before, |said| said.is_event("job.succeeded")),
    ("when the record is written", Side::After, |said| said.is_event("job.succeeded")),
    ("before the ack", Side::Before, |said| said.acks("CALLS_llm")),
    ("after the ack", Side::After, |said| said.acks("CALLS_llm")),
];

fn chat(stream: bool) -> Value {
    json!({"model": "tiny", "messages": [{"role": "user", "content": "Hi"}], "stream": stream})
}

#[tokio::test]
async fn a_call_is_answered_although_its_worker_dies() {
    let upstream = Upstream::start(&["tiny"]).await;
    let mut fleet = stubborn_fleet().without(Role::Worker).llm(&upstream.url()).start().await;
    let (audit, receiver) = (Audit::begin(&fleet).await, Receiver::start().await);
    let client = fleet.client();
    let mut victims = victims(&mut fleet, Role::Worker, &STEPS).await;
    client.knows("tiny").await;

    let mut calls = JoinSet::new();
    while !victims.is_empty() {
        for _ in 0..4 {
            let call = client.post("/v1/chat/completions").json(&chat(false)).send();
            calls.spawn(call);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
        victims.retain(|(_, victim)| {
            let sprung = fleet.trap(*victim).has_sprung();
            if sprung {
                fleet.kill(*victim);
            }
            !sprung
        });
        assert!(calls.len() < 400, "these steps did not come: {victims:?}");
    }
    fleet.add(Role::Worker).await;
    for answer in calls.join_all().await {
        let content = &answer.expect(200)["choices"][0]["message"]["content"];
        assert_eq!(content, "Hello from the scripted upstream.");
    }
    let secret = client.webhook_secret().await;
    audit.settle(&fleet, &[&receiver], &secret).await;
}

#[tokio::test]
async fn a_stream_whose_worker_dies_ends_with_an_error_and_never_with_a_finish() {
    let upstream = Upstream::start(&["tiny"]).await;
    let pause = Duration::from_millis(100);
    upstream.will(Answer::Stream { tokens: 300, pause, end: End::Whole });
    let mut fleet = stubborn_fleet().llm(&upstream.url()).start().await;
    let (audit, receiver) = (Audit::begin(&fleet).await, Receiver::start().await);
    let (client, victim) = (fleet.client(), fleet.first(Role::Worker));
    client.knows("tiny").await;

    let call = client.post("/v1/chat/completions").json(&chat(true)).open().await;
    let mut events = Events::of(call).await;
    let first = events.next().await.expect("the stream begins");
    assert_eq!(first.json()["choices"][0]["delta"]["content"], "Hello");
    fleet.kill(victim);
    // Who takes the call over can not go on where the other one was.
    fleet.add(Role::Worker).await;
    let rest = events.rest().await;
    let last = rest.last().expect("the stream says why it ends").json();
    assert!(last["error"]["message"].as_str().is_some_and(|text| !text.is_empty()), "{last}");
    assert!(rest.iter().all(|event| !event.data.contains("\"stop\"")), "{rest:?}");
    let secret = client.webhook_secret().await;
    audit.settle(&fleet, &[&receiver], &secret).await;
}
