use std::time::Duration;

use common::job::Lane;
use reqwest::Method;
use serde_json::{Value, json};

use super::{CHAT, chat, hello, job_id};
use crate::fake_worker::FakeWorker;
use crate::testing::{TestGateway, send};

#[tokio::test]
async fn the_same_route_answers_at_once_when_asked_to() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let request = chat(&gateway, &hello(false)).header("prefer", "respond-async");
    let answer = send(request).await;
    let job = answer.expect(202);
    assert_eq!(job["status"], "queued");
    assert_eq!(job["object"], "job");
    assert_eq!(answer.headers["preference-applied"], "respond-async");
    assert_eq!(answer.headers["location"], format!("/v1/jobs/{}", job["id"].as_str().unwrap()));
    assert!(answer.headers.contains_key("retry-after"));
    let mut taken = worker.take(Lane::Normal).await;
    taken.start().await;
    taken.succeed(r#"{"done":true}"#).await;
    let result =
        gateway.get(&gateway.admin_key, &format!("/v1/jobs/{}/result", taken.job.id)).await;
    assert_eq!(result.expect(200), json!({ "done": true }));
}

#[tokio::test]
async fn a_wait_ends_with_the_answer_or_with_the_job() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let late = send(chat(&gateway, &hello(false)).header("prefer", "wait=1")).await;
    assert_eq!(late.expect(202)["status"], "queued");
    assert_eq!(late.headers["preference-applied"], "wait=1");
    // It goes on.
    let mut first = worker.take(Lane::Normal).await;
    assert_eq!(first.job.id, job_id(&late.headers));
    first.start().await;
    first.succeed("{}").await;
    let work = async {
        let mut second = worker.take(Lane::Normal).await;
        second.start().await;
        second.succeed(r#"{"in":"time"}"#).await;
    };
    let request = chat(&gateway, &hello(false)).header("prefer", "wait=10");
    let (answer, ()) = tokio::join!(send(request), work);
    assert_eq!(answer.expect(200), json!({ "in": "time" }));
}

#[tokio::test]
async fn with_a_key_the_same_request_is_the_same_job() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let keyed = |body: &Value| chat(&gateway, body).header("idempotency-key", "k1");
    let work = async {
        let mut job = worker.take(Lane::Normal).await;
        job.start().await;
        // A second request joins the first one's job.
        let second = keyed(&hello(false)).send();
        let end = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            job.succeed(r#"{"n":1}"#).await;
        };
        tokio::join!(second, end).0.unwrap()
    };
    let (first, second) = tokio::join!(send(keyed(&hello(false))), work);
    assert_eq!(first.expect(200), json!({ "n": 1 }));
    assert!(!first.headers.contains_key("idempotent-replayed"));
    assert_eq!(second.headers()["idempotent-replayed"], "true");
    assert_eq!(job_id(second.headers()), job_id(&first.headers));
    assert_eq!(second.json::<Value>().await.unwrap(), json!({ "n": 1 }));
    let other = send(keyed(&json!({ "model": "tiny", "messages": [{ "role": "user" }] }))).await;
    assert_eq!(other.error(422), "idempotency_mismatch");
    assert_eq!(other.headers["x-should-retry"], "false");
    assert!(worker.is_empty(Lane::Normal).await);
}

#[tokio::test]
async fn with_a_webhook_the_caller_is_answered_and_the_job_is_durable() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let hook = "http://127.0.0.1:9/hook";
    let work = async {
        let mut job = worker.take(Lane::Normal).await;
        assert_eq!(job.job.webhook.as_deref(), Some(hook));
        job.start().await;
        job.succeed(r#"{"n":1}"#).await;
    };
    let request = chat(&gateway, &hello(false)).header("x-millrace-webhook", hook);
    let (answer, ()) = tokio::join!(send(request), work);
    assert_eq!(answer.expect(200), json!({ "n": 1 }));
    let path = format!("/v1/jobs/{}", job_id(&answer.headers));
    let job = gateway.get(&gateway.admin_key, &path).await.expect(200);
    assert_eq!(job["status"], "succeeded");
    assert_eq!(job["webhook"], hook);
}

#[tokio::test]
async fn a_durable_job_goes_on_when_its_caller_leaves() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let request = chat(&gateway, &hello(false)).header("idempotency-key", "mine");
    let impatient = request.timeout(Duration::from_millis(300)).send();
    assert!(impatient.await.is_err());
    let mut job = worker.take(Lane::Normal).await;
    job.start().await;
    job.succeed(r#"{"n":1}"#).await;
    // The key leads back to it.
    let again = chat(&gateway, &hello(false)).header("idempotency-key", "mine");
    assert_eq!(send(again).await.expect(200), json!({ "n": 1 }));
}

#[tokio::test]
async fn embeddings_have_the_same_styles() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let body = json!({ "model": "tiny", "input": ["a"], "encoding_format": "base64" });
    let request = || {
        let request = gateway.request(Method::POST, "/v1/embeddings");
        request.bearer_auth(&gateway.admin_key).json(&body)
    };
    let work = async {
        let mut call = worker.take(Lane::Interactive).await;
        assert_eq!(call.job.operation, "embeddings");
        call.start().await;
        call.answer("application/json", r#"{"data":[]}"#).await;
    };
    let (answer, ()) = tokio::join!(send(request()), work);
    assert_eq!(answer.expect(200), json!({ "data": [] }));
    let queued = send(request().header("prefer", "respond-async")).await.expect(202);
    assert_eq!(queued["operation"], "embeddings");
    // Elsewhere the same key and body would be another request.
    let chat_key = gateway.request(Method::POST, CHAT).bearer_auth(&gateway.admin_key);
    let first = send(request().header("idempotency-key", "k").header("prefer", "respond-async"));
    first.await.expect(202);
    let other = chat_key.header("idempotency-key", "k").json(&hello(false));
    assert_eq!(send(other).await.error(422), "idempotency_mismatch");
}
