//! Parts that are away for a while.

use std::time::{Duration, Instant};

use common::job::JobState;
use serde_json::json;
use tests::upstream::{Answer, End, Upstream};
use tests::{Client, Events, Role, Stack, eventually};

/// What is not ready, as `/readyz` names it.
async fn missing(client: &Client) -> (u16, Vec<String>) {
    let answer = client.get("/readyz").send().await;
    let body: serde_json::Value = serde_json::from_slice(&answer.bytes).unwrap();
    let parts = body["parts"].as_array().unwrap().iter().filter(|part| part["ok"] == false);
    let names = parts.map(|part| part["name"].as_str().unwrap().to_owned());
    (answer.status.as_u16(), names.collect())
}

/// NATS away: an answer within two seconds, a red light, and recovery without a restart.
#[tokio::test]
async fn without_the_broker_callers_hear_so_within_two_seconds() {
    let upstream = Upstream::start(&["tiny"]).await;
    let mut stack = Stack::builder().llm(&upstream.url()).start().await;
    let client = stack.client();
    client.knows("tiny").await;
    let known = client.submit("diagnostic.echo", json!({})).await.id;
    client.ended(known).await;
    assert_eq!(missing(&client).await.0, 200);

    stack.nats.kill();
    let job = json!({ "operation": "diagnostic.echo" });
    let sleep = json!({ "jobs": [job] });
    let calls = [
        client.post("/v1/jobs").json(&job),
        client.post("/v1/jobs").idempotent("k").json(&job),
        client.chat("tiny"),
        client.streamed_chat("tiny"),
        client.get(&format!("/v1/jobs/{known}")),
        client.post(&format!("/v1/jobs/{known}/cancel")),
    ];
    for (n, call) in calls.into_iter().enumerate() {
        let asked = Instant::now();
        let answer = call.send().await;
        assert_eq!(answer.error(503), "unavailable", "call {n}");
        assert!(!answer.text().contains("127.0.0.1"), "{}", answer.text());
        assert!(asked.elapsed() < Duration::from_millis(2_500), "call {n}: {:?}", asked.elapsed());
    }
    let batch = client.post("/v1/jobs/batch").json(&sleep).send().await.expect(200);
    assert_eq!(batch["data"][0]["status"], 503);
    let (status, parts) = missing(&client).await;
    assert_eq!((status, parts.first().map(String::as_str)), (503, Some("nats")));
    assert_eq!(client.get("/livez").send().await.status, 200);

    stack.nats.resume().await;
    eventually("it is ready again", async || missing(&client).await.0 == 200).await;
    let again = client.post("/v1/jobs").idempotent("k").json(&job).send().await.job(202);
    assert_eq!(client.ended(again.id).await.status, JobState::Succeeded);
    eventually("calls are answered", async || client.chat("tiny").send().await.status == 200).await;
}

/// The object store away: what needs it is refused or tried again, and nothing is lost.
#[tokio::test]
async fn without_the_object_store_a_result_waits() {
    let stack = Stack::start().await;
    let client = stack.client();
    let large = json!("v".repeat(300_000));
    let job = client.submit("diagnostic.sleep", json!({ "ms": 1_000 })).await.id;
    let echo = json!({ "operation": "diagnostic.echo", "input": "v".repeat(40_000) });
    let (objects, aside) = (stack.objects_dir(), stack.dir().join("aside"));
    std::fs::rename(&objects, &aside).unwrap();
    std::fs::write(&objects, "in the way").unwrap();

    let (status, parts) = missing(&client).await;
    assert_eq!((status, parts), (503, vec!["objects".to_owned()]));
    let refused =
        client.post("/v1/jobs").json(&json!({ "operation": "diagnostic.echo", "input": large }));
    assert_eq!(refused.send().await.error(503), "unavailable");
    // Small things do not need it.
    assert_eq!(client.ended(job).await.status, JobState::Succeeded);
    let waits = client.submit_job(echo).await.id;
    client.reaches(waits, JobState::Running).await;

    std::fs::remove_file(&objects).unwrap();
    std::fs::rename(&aside, &objects).unwrap();
    let ended = client.ended(waits).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Succeeded, 1));
    assert_eq!(client.result(waits).await.bytes.len(), 40_002);
    eventually("it is ready again", async || missing(&client).await.0 == 200).await;
}

/// One of two gateways loses the broker; the other goes on, and the first comes back by itself.
#[tokio::test]
async fn a_gateway_that_lost_its_network_recovers() {
    let mut stack = Stack::start().await;
    let linked = stack.add_linked(Role::Gateway).await;
    let (well, ill) = (stack.client(), stack.client_at(linked));
    stack.link(linked).cut();
    eventually("one is not ready", async || missing(&ill).await.0 == 503).await;
    assert_eq!(missing(&well).await.0, 200);
    let job = well.submit("diagnostic.echo", json!({})).await.id;
    well.ended(job).await;
    stack.link(linked).mend();
    eventually("it is ready again", async || missing(&ill).await.0 == 200).await;
    assert_eq!(ill.job(job).await.status, JobState::Succeeded);
}

/// The broker restarts under a growing answer: parts of it are lost, so it ends with an error, and not as if it were
/// whole.
#[tokio::test]
async fn an_answer_with_a_gap_is_not_passed_off_as_whole() {
    let upstream = Upstream::start(&["tiny"]).await;
    let mut stack = Stack::builder().llm(&upstream.url()).start().await;
    let client = stack.client();
    client.knows("tiny").await;
    let pause = Duration::from_millis(50);
    upstream.will(Answer::Stream { tokens: 60, pause, end: End::Whole });
    let mut stream = Events::of(client.streamed_chat("tiny").open().await).await;
    stream.next().await.expect("a token");
    stack.nats_away_for(Duration::from_millis(500)).await;
    let events = stream.rest().await;
    let last = events.last().expect("the stream says how it ends");
    let tokens = events.iter().filter(|one| one.data.contains("\"content\"")).count();
    let whole = last.data == "[DONE]" && tokens == 59;
    assert!(whole || last.json()["error"]["code"].is_string(), "{tokens} tokens, then {last:?}");
}
