//! Models that come and go.

use common::job::JobState;
use serde_json::json;
use tests::upstream::{Answer, Upstream};
use tests::{Role, Stack, eventually};

/// A model is listed while a worker offers it, and remembered when the last one has left.
#[tokio::test]
async fn a_model_is_known_as_long_as_jobs_may_wait_for_it() {
    let upstream = Upstream::start(&["acme/tiny:1b"]).await;
    let mut stack = Stack::builder().llm(&upstream.url()).start().await;
    let client = stack.client();
    client.knows("acme/tiny:1b").await;
    client.chat("acme/tiny:1b").send().await.expect(200);
    let worker = stack.first(Role::Worker);
    stack.stop(worker).await;
    eventually("the model is not available", async || {
        let model = client.get("/v1/models/acme/tiny:1b").send().await.expect(200);
        model["available"] == false
    })
    .await;

    // A call is not kept waiting, a job waits.
    let refused = client.chat("acme/tiny:1b").send().await;
    assert_eq!(refused.error(503), "no_worker");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    let job = client.chat("acme/tiny:1b").prefer("respond-async").send().await.job(202);
    assert_eq!(job.status, JobState::Queued);
    stack.add(Role::Worker).await;
    assert_eq!(client.ended(job.id).await.status, JobState::Succeeded);
    assert_eq!(client.result(job.id).await.expect(200)["model"], json!("acme/tiny:1b"));
}

/// Any name that an endpoint lists is one that callers may use.
#[tokio::test]
async fn a_model_may_be_called_anything() {
    let name = "Größe/模型 v1.0 > *:8b";
    let upstream = Upstream::start(&[name]).await;
    let stack = Stack::builder().llm(&upstream.url()).start().await;
    let client = stack.client();
    client.knows(name).await;
    client.chat(name).send().await.expect(200);
    let job = client.chat(name).prefer("respond-async").send().await.job(202);
    assert_eq!(job.model, name);
    assert_eq!(client.ended(job.id).await.status, JobState::Succeeded);
}

/// Questions and answers that no message could hold.
#[tokio::test]
async fn a_chat_may_be_larger_than_any_message() {
    let upstream = Upstream::start(&["tiny"]).await;
    let stack = Stack::builder().llm(&upstream.url()).start().await;
    let client = stack.client();
    client.knows("tiny").await;
    let question = json!({
        "model": "tiny", "messages": [{ "role": "user", "content": "q".repeat(3_000_000) }],
    })
    .to_string();
    let answer = format!(r#"{{"object":"chat.completion","text":"{}"}}"#, "a".repeat(5_000_000));
    for style in ["handling=lenient", "wait=20"] {
        upstream.will(Answer::Raw {
            content_type: "application/json",
            parts: vec![answer.clone().into()],
        });
        let call = client.post("/v1/chat/completions").raw_json(question.clone()).prefer(style);
        let answered = call.send().await;
        assert_eq!(answered.status, 200, "{style}");
        assert!(answered.bytes == answer, "{style}: {} bytes", answered.bytes.len());
    }
    assert!(upstream.asked().iter().all(|asked| asked.text() == question));
}
