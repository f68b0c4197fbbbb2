//! Every operation in every call style.

use common::job::JobState;
use serde_json::json;
use tests::upstream::{Answer, Upstream};
use tests::{Events, Receiver, Role, Stack};

async fn with_model(upstream: &Upstream) -> Stack {
    let stack = Stack::builder().llm(&upstream.url()).start().await;
    stack.client().knows("tiny").await;
    stack
}

/// 202, and the way to the rest.
#[tokio::test]
async fn an_accepted_job_leads_to_its_result() {
    let stack = Stack::start().await;
    let client = stack.client();
    let job = json!({ "operation": "diagnostic.echo", "input": { "n": 1.5 } });
    let answer = client.post("/v1/jobs").json(&job).send().await;
    let job = answer.job(202);
    assert_eq!(answer.header("location"), job.links.this);
    assert_eq!(answer.header("x-millrace-job"), job.id.to_string());
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);

    assert_eq!(client.ended(job.id).await.status, JobState::Succeeded);
    let result = client.get(&job.links.result).send().await;
    assert_eq!(
        (result.header("content-type"), result.text().as_str()),
        ("application/json", r#"{"n":1.5}"#)
    );
}

/// `Prefer: wait=N` answers with the ended job in time, and with 202 otherwise.
#[tokio::test]
async fn a_caller_waits_as_long_as_it_likes() {
    let stack = Stack::start().await;
    let client = stack.client();
    let quick = json!({ "operation": "diagnostic.echo", "input": "done" });
    let answer = client.post("/v1/jobs").prefer("wait=20").json(&quick).send().await;
    assert_eq!(answer.header("preference-applied"), "wait=20");
    let job = answer.job(201);
    assert_eq!((job.status, job.result.unwrap().get()), (JobState::Succeeded, "\"done\""));

    let slow = json!({ "operation": "diagnostic.sleep", "input": { "ms": 60_000 } });
    let answer = client.post("/v1/jobs").prefer("wait=1").json(&slow).send().await;
    let job = answer.job(202);
    client.cancel(job.id).await;
    assert_eq!(client.ended(job.id).await.status, JobState::Canceled);
}

/// A chat as any OpenAI client calls it: the provider's bytes, and the job that they came by.
#[tokio::test]
async fn a_synchronous_chat_is_answered_untouched() {
    let upstream = Upstream::start(&["tiny"]).await;
    let stack = with_model(&upstream).await;
    let client = stack.client();
    let body = r#"{"model":"tiny","messages":[{"role":"user","content":"hi"}],"x_top":1.50}"#;
    let answer = client.post("/v1/chat/completions").raw_json(body).send().await;
    assert_eq!(answer.expect(200)["object"], "chat.completion");
    assert!(answer.text().contains(r#""x_cost":1.50"#), "{}", answer.text());
    assert_eq!(upstream.asked()[0].text(), body);

    // The call is on record, its content is not kept.
    let id = answer.header("x-millrace-job").parse().unwrap();
    let job = client.ended(id).await;
    assert_eq!((job.status, job.operation.as_str()), (JobState::Succeeded, "chat"));
    assert_eq!(client.result(id).await.error(410), "gone");
}

/// The same chat as it grows.
#[tokio::test]
async fn a_streamed_chat_grows_to_its_finish() {
    let upstream = Upstream::start(&["tiny"]).await;
    let stack = with_model(&upstream).await;
    let mut stream = Events::of(stack.client().streamed_chat("tiny").open().await).await;
    let events = stream.rest().await;
    let (last, chunks) = events.split_last().unwrap();
    assert_eq!(last.data, "[DONE]");
    let text: String = chunks
        .iter()
        .filter_map(|chunk| {
            chunk.json()["choices"][0]["delta"]["content"].as_str().map(str::to_owned)
        })
        .collect();
    assert_eq!(text, "Hello from the scripted upstream.");
}

/// The same chat as a durable job, with a callback.
#[tokio::test]
async fn a_chat_in_the_background_ends_with_a_callback() {
    let (upstream, receiver) = (Upstream::start(&["tiny"]).await, Receiver::start().await);
    let stack = with_model(&upstream).await;
    let client = stack.client();
    let call = client.chat("tiny").prefer("respond-async");
    let job = call.header("x-millrace-webhook", &receiver.url()).send().await.job(202);
    let received = receiver.wait_for(1).await;
    received[0].verify(&client.webhook_secret().await);
    let payload = received[0].payload();
    let told = payload.data.job.unwrap();
    assert_eq!((payload.kind.as_str(), told.id), ("job.succeeded", job.id));
    assert!(told.result.unwrap().get().contains("Hello from the scripted upstream."));
    assert_eq!(client.result(job.id).await.expect(200)["object"], "chat.completion");
}

/// `Prefer: wait=N` on an OpenAI-shaped route answers with the provider's own shape.
#[tokio::test]
async fn a_chat_is_waited_for_as_a_durable_job() {
    let upstream = Upstream::start(&["tiny"]).await;
    let stack = with_model(&upstream).await;
    let answer = stack.client().chat("tiny").prefer("wait=20").send().await;
    assert_eq!(answer.expect(200)["choices"][0]["finish_reason"], "stop");
    let id = answer.header("x-millrace-job").parse().unwrap();
    // Durable: its result can be read again.
    stack.client().ended(id).await;
    assert_eq!(stack.client().result(id).await.bytes, answer.bytes);
}

#[tokio::test]
async fn embeddings_are_answered_and_can_be_jobs() {
    let upstream = Upstream::start(&["tiny"]).await;
    let stack = with_model(&upstream).await;
    let client = stack.client();
    let body = json!({ "model": "tiny", "input": "some text" });
    let answer = client.post("/v1/embeddings").json(&body).send().await;
    assert_eq!(answer.expect(200)["data"][0]["object"], "embedding");
    let job =
        json!({ "operation": "embeddings", "model": "tiny", "input": { "input": "some text" } });
    let job = client.submit_job(job).await.id;
    assert_eq!(client.ended(job).await.status, JobState::Succeeded);
    assert_eq!(client.result(job).await.bytes, answer.bytes);
}

/// A worker that is told to stop answers the call that it has.
#[tokio::test]
async fn a_draining_worker_answers_its_call() {
    let upstream = Upstream::start(&["tiny"]).await;
    let mut stack = with_model(&upstream).await;
    let client = stack.client();
    upstream.will(Answer::Late(std::time::Duration::from_millis(700)));
    let call = client.chat("tiny").start();
    upstream.asked_times(1).await;
    let worker = stack.first(Role::Worker);
    assert!(stack.stop(worker).await.is_success());
    assert_eq!(call.answer().await.expect(200)["object"], "chat.completion");
}
