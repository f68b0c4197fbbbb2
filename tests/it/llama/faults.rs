//! What a caller sees when the model's server fails.

use std::time::{Duration, Instant};

use common::error_code::ErrorCode;
use common::job::JobState;
use serde_json::{Value, json};
use tests::upstream::{Answer, End, Upstream};
use tests::{Client, Events, Fleet, ServerEvent};

async fn fleet() -> (Upstream, Fleet, Client) {
    let upstream = Upstream::start(&["tiny"]).await;
    let builder = Fleet::builder().llm(&upstream.url());
    let builder = builder.set("worker.llm.0.request_timeout", "2s");
    let mut fleet = builder.set("worker.llm.0.idle_timeout", "1s").start().await;
    let client = fleet.client();
    client.knows("tiny").await;
    (upstream, fleet, client)
}

fn chat(stream: bool) -> Value {
    json!({"model": "tiny", "messages": [{"role": "user", "content": "Hi"}], "stream": stream})
}

async fn call(client: &Client) -> tests::Answer {
    client.post("/v1/chat/completions").json(&chat(false)).send().await
}

async fn stream(client: &Client) -> Vec<ServerEvent> {
    let call = client.post("/v1/chat/completions").json(&chat(true)).open().await;
    Events::of(call).await.rest().await
}

/// What was said, and the error at the end.
fn broken_off(events: &[ServerEvent]) -> (String, Value) {
    let (last, others) = events.split_last().expect("the stream says why it ends");
    assert!(events.iter().all(|event| event.data != "[DONE]"), "{events:#?}");
    let chunks: Vec<Value> = others.iter().map(ServerEvent::json).collect();
    assert!(
        chunks.iter().all(|chunk| chunk["choices"][0]["finish_reason"].is_null()),
        "{chunks:#?}"
    );
    let words = chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str());
    (words.collect(), last.json()["error"].clone())
}

#[tokio::test]
async fn one_who_is_asked_too_often_is_asked_again_when_it_says() {
    let (upstream, _fleet, client) = fleet().await;
    upstream.will(Answer::rate_limited("1"));
    let begun = Instant::now();
    let answer = call(&client).await.expect(200);
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert!(begun.elapsed() >= Duration::from_secs(1) && upstream.asked().len() == 2);
}

#[tokio::test]
async fn failures_are_tried_again_until_the_attempts_are_spent() {
    let (upstream, _fleet, client) = fleet().await;
    for _ in 0..3 {
        upstream.will(Answer::refusal(500, "out of memory"));
    }
    assert_eq!(call(&client).await.error(502), "upstream_failed");
    assert_eq!(upstream.asked().len(), 3);

    for _ in 0..3 {
        upstream.will(Answer::refusal(500, "overloaded"));
    }
    let job = json!({"operation": "chat", "model": "tiny", "input": chat(false)});
    let job = client.submit_job(job).await;
    let ended = client.ended(job.id).await;
    assert_eq!((ended.status, ended.attempt), (JobState::Failed, 3));
    assert_eq!(ended.error.unwrap().code, ErrorCode::UpstreamFailed);
    assert_eq!(upstream.asked().len(), 6);
}

#[tokio::test]
async fn what_the_upstream_refuses_is_the_callers_fault_and_not_repeated() {
    let (upstream, _fleet, client) = fleet().await;
    upstream.will(Answer::refusal(400, "the prompt is too long"));
    let answer = call(&client).await;
    assert_eq!(answer.error(422), "upstream_rejected");
    assert!(answer.message().contains("the prompt is too long"), "{}", answer.text());
    assert_eq!(upstream.asked().len(), 1);
}

#[tokio::test]
async fn one_who_never_answers_is_given_up_and_asked_again() {
    let (upstream, _fleet, client) = fleet().await;
    upstream.will(Answer::Silence);
    let answer = call(&client).await.expect(200);
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    upstream.clients_left(1).await;
    for _ in 0..3 {
        upstream.will(Answer::Silence);
    }
    assert_eq!(call(&client).await.error(504), "upstream_timeout");
}

#[tokio::test]
async fn a_connection_that_is_cut_before_the_first_byte_is_tried_again() {
    let (upstream, _fleet, client) = fleet().await;
    upstream.will(Answer::Cut);
    let events = stream(&client).await;
    assert_eq!(events.last().unwrap().data, "[DONE]");
    upstream.will(Answer::Cut);
    call(&client).await.expect(200);
    assert_eq!(upstream.asked().len(), 4);
}

#[tokio::test]
async fn a_stream_that_is_cut_ends_with_an_error_and_never_with_a_finish() {
    let (upstream, _fleet, client) = fleet().await;
    for end in [End::Cut, End::Abrupt, End::Silence] {
        upstream.will(Answer::stream(3, end));
        let (said, error) = broken_off(&stream(&client).await);
        assert_eq!(said, "Hello from the");
        assert!(error["message"].as_str().is_some_and(|text| !text.is_empty()), "{error}");
    }
    assert_eq!(upstream.asked().len(), 3);
}

#[tokio::test]
async fn garbage_is_not_passed_on() {
    let (upstream, _fleet, client) = fleet().await;
    for _ in 0..3 {
        upstream.will(Answer::garbage());
    }
    let answer = call(&client).await;
    assert_eq!(answer.error(502), "upstream_failed");
    assert!(!answer.text().contains("html"), "{}", answer.text());
}
