//! A real llama.cpp server with the tiny models of the project.

use common::job::JobState;
use serde_json::json;
use tests::upstream::Llama;
use tests::{Client, Events, Fleet, Process, Receiver, Role, start_program};

const SENTENCE: &str = "Hello from the scripted model.";

/// A fleet whose one worker was started by hand, with the option that names the server. In the order of their end, the
/// last one first: the fleet looks for messages that its worker has left.
async fn with_llama(models: &[&str]) -> (Llama, Process, Fleet, Client) {
    let llama = Llama::start(models).await;
    let mut fleet = Fleet::builder().without(Role::Worker).start().await;
    let nats = fleet.nats.url();
    let arguments = ["worker", "--nats", &nats, "--llm", llama.url()];
    let mut worker = start_program(&arguments, fleet.settings.environment());
    worker.says("ready: llm").await;
    let client = fleet.client();
    for model in models {
        client.knows(model).await;
    }
    (llama, worker, fleet, client)
}

#[tokio::test]
async fn a_chat_is_answered_in_every_style() {
    let (_llama, _worker, _fleet, client) = with_llama(&["script"]).await;
    let receiver = Receiver::start().await;
    let chat = json!({"model": "script", "messages": [{"role": "user", "content": "Say hello."}]});

    let answer = client.post("/v1/chat/completions").json(&chat).send().await.expect(200);
    assert_eq!(answer["choices"][0]["message"]["content"].as_str().unwrap().trim(), SENTENCE);
    assert_eq!(answer["choices"][0]["finish_reason"], "stop");
    assert!(answer["usage"]["completion_tokens"].as_u64().unwrap() > 0);

    let call = client.post("/v1/chat/completions").prefer("respond-async");
    let call = call.header("x-millrace-webhook", &receiver.url()).json(&chat);
    let job = client.ended(call.send().await.job(202).id).await;
    assert_eq!(job.status, JobState::Succeeded);
    let result = client.result(job.id).await.expect(200);
    assert_eq!(result["choices"][0]["message"]["content"].as_str().unwrap().trim(), SENTENCE);
    let told = receiver.wait_for(1).await.remove(0);
    told.verify(&client.webhook_secret().await);
    assert_eq!(told.payload().data.job.unwrap().id, job.id);
}

#[tokio::test]
async fn a_chat_is_streamed_token_by_token() {
    let (_llama, _worker, _fleet, client) = with_llama(&["script"]).await;
    let chat = json!({
        "model": "script", "stream": true, "messages": [{"role": "user", "content": "Say hello."}],
    });
    let call = client.post("/v1/chat/completions").json(&chat).open().await;
    assert_eq!(call.headers()["content-type"], "text/event-stream");
    let events = Events::of(call).await.rest().await;
    let (done, chunks) = events.split_last().unwrap();
    assert_eq!(done.data, "[DONE]");
    let words: Vec<String> = chunks
        .iter()
        .filter_map(|event| {
            event.json()["choices"][0]["delta"]["content"].as_str().map(str::to_owned)
        })
        .filter(|word| !word.is_empty())
        .collect();
    assert!(words.len() > 3, "{words:?}");
    assert_eq!(words.concat().trim(), SENTENCE);
    assert_eq!(chunks.last().unwrap().json()["choices"][0]["finish_reason"], "stop");
}

#[tokio::test]
async fn a_caller_who_leaves_stops_a_model_that_never_would() {
    let (_llama, _worker, _fleet, client) = with_llama(&["endless"]).await;
    let chat = json!({
        "model": "endless", "stream": true, "messages": [{"role": "user", "content": "Go on."}],
    });
    let mut events = Events::of(client.post("/v1/chat/completions").json(&chat).open().await).await;
    for _ in 0..20 {
        events.next().await.expect("it never stops");
    }
    drop(events);
    // The server takes one request at a time: it answers the next one only when it has stopped the first.
    let short = json!({
        "model": "endless", "max_tokens": 4, "messages": [{"role": "user", "content": "Go on."}],
    });
    let answer = client.post("/v1/chat/completions").json(&short).send().await.expect(200);
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
}

#[tokio::test]
async fn texts_are_embedded() {
    let (_llama, _worker, _fleet, client) = with_llama(&["embed"]).await;
    let body = json!({"model": "embed", "input": ["one text", "another text"]});
    let answer = client.post("/v1/embeddings").json(&body).send().await.expect(200);
    let vector = |index: usize| answer["data"][index]["embedding"].as_array().unwrap();
    assert_eq!((vector(0).len(), vector(1).len()), (64, 64));
    assert_ne!(vector(0), vector(1));
}
