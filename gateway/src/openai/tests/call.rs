use std::time::Duration;

use common::clock::SystemClock;
use common::error_code::ErrorCode;
use common::job::{JobError, JobEvent, JobState, Lane, Outcome};
use reqwest::Method;
use serde_json::json;

use super::{CHAT, chat, end_of, hello, job_id};
use crate::fake_worker::FakeWorker;
use crate::testing::{TestGateway, send};

#[tokio::test]
async fn a_plain_call_is_answered_with_the_providers_own_bytes() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let body = r#"{"model":"tiny", "messages":[{"role":"user","content":"hi"}],"x_extra": 1.50}"#;
    let request = gateway
        .request(Method::POST, CHAT)
        .bearer_auth(&gateway.admin_key)
        .header("content-type", "application/json")
        .body(body);
    let work = async {
        let mut call = worker.take(Lane::Interactive).await;
        assert_eq!(call.job.input.as_ref().unwrap().get(), body);
        assert!(call.job.deadline.is_some());
        call.start().await;
        call.answer("application/json", r#"{"choices": [ ],"y":2.0}"#).await;
        call.job.id
    };
    let (answer, job) = tokio::join!(send(request), work);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.bytes, r#"{"choices": [ ],"y":2.0}"#);
    assert_eq!(answer.headers["content-type"], "application/json");
    assert_eq!(job_id(&answer.headers), job);
    // Only its end is an event of a call, and that is the worker's to write.
    assert!(gateway.parts.bus.events().last(job).await.unwrap().is_none());
}

#[tokio::test]
async fn a_large_answer_arrives_whole_although_it_comes_in_parts() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let work = async {
        let mut call = worker.take(Lane::Interactive).await;
        call.start().await;
        call.chunk("{\"a\":").await;
        call.answer("application/json", "1}").await;
    };
    let (answer, ()) = tokio::join!(send(chat(&gateway, &hello(false))), work);
    assert_eq!(answer.expect(200), json!({ "a": 1 }));
}

#[tokio::test]
async fn the_failure_of_a_run_is_the_answer() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let work = async {
        let mut call = worker.take(Lane::Interactive).await;
        call.start().await;
        call.fail(&JobError::permanent(ErrorCode::UpstreamRejected, "max_tokens is too large"))
            .await;
    };
    let (answer, ()) = tokio::join!(send(chat(&gateway, &hello(true))), work);
    let body = answer.expect(422);
    assert_eq!(body["error"]["code"], "upstream_rejected");
    assert_eq!(body["error"]["message"], "max_tokens is too large");
}

#[tokio::test]
async fn a_caller_who_leaves_before_the_answer_withdraws_the_call() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let mut notices = worker.bus.subscribe_cancels().await.unwrap();
    let impatient = chat(&gateway, &hello(false)).timeout(Duration::from_millis(300)).send();
    assert!(impatient.await.is_err());
    let job = tokio::time::timeout(Duration::from_secs(1), notices.next()).await.unwrap().unwrap();
    assert_eq!(end_of(&gateway, job).await, JobState::Canceled);
    // The second notice follows the removal.
    assert_eq!(notices.next().await, Some(job));
    assert!(worker.is_empty(Lane::Interactive).await);
}

#[tokio::test]
async fn without_a_worker_a_sync_call_is_refused_and_withdrawn() {
    let gateway = TestGateway::start_with(&[("gateway.no_worker_wait", "200ms")]).await;
    let worker = FakeWorker::chat(&gateway).await;
    worker.leave(&gateway).await;
    for stream in [false, true] {
        let answer = send(chat(&gateway, &hello(stream))).await;
        assert_eq!(answer.error(503), "no_worker");
        assert!(answer.headers.contains_key("retry-after"));
        assert_eq!(end_of(&gateway, job_id(&answer.headers)).await, JobState::Canceled);
    }
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_canceled_and_not_to_be_repeated() {
    let limits = [("gateway.sync_timeout", "1s"), ("gateway.no_worker_wait", "500ms")];
    let gateway = TestGateway::start_with(&limits).await;
    let worker = FakeWorker::chat(&gateway).await;
    let work = async {
        let mut call = worker.take(Lane::Interactive).await;
        call.start().await;
    };
    let (answer, ()) = tokio::join!(send(chat(&gateway, &hello(false))), work);
    assert_eq!(answer.error(504), "deadline_exceeded");
    assert_eq!(answer.headers["x-should-retry"], "false");
    assert_eq!(end_of(&gateway, job_id(&answer.headers)).await, JobState::Expired);
}

#[tokio::test]
async fn bad_requests_are_told_what_is_wrong() {
    let gateway = TestGateway::start().await;
    let _worker = FakeWorker::chat(&gateway).await;
    let unknown = send(chat(&gateway, &json!({ "model": "tinny", "messages": [{}] }))).await;
    assert_eq!(unknown.error(404), "model_not_found");
    assert!(String::from_utf8_lossy(&unknown.bytes).contains("did you mean tiny?"));
    let wrong = json!({ "model": "tiny", "messages": [], "stream": "yes" });
    let wrong = send(chat(&gateway, &wrong)).await.expect(422);
    assert_eq!(wrong["error"]["param"], "messages");
    assert_eq!(wrong["error"]["fields"].as_array().unwrap().len(), 2);
    let missing = send(chat(&gateway, &json!({ "messages": [{}] }))).await.expect(422);
    assert_eq!(missing["error"]["param"], "model");
    let broken = gateway
        .request(Method::POST, CHAT)
        .bearer_auth(&gateway.admin_key)
        .header("content-type", "application/json")
        .body("{\"model\":");
    assert_eq!(send(broken).await.error(400), "malformed_request");
}

#[tokio::test]
async fn models_are_listed_also_when_their_worker_is_away() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::start(&gateway, "llm", "org/tiny:1", &["chat"]).await;
    let models = async || gateway.get(&gateway.admin_key, "/v1/models").await.expect(200);
    let listed = models().await;
    assert_eq!(listed["object"], "list");
    assert_eq!(listed["data"][0]["id"], "org/tiny:1");
    assert_eq!(listed["data"][0]["object"], "model");
    let one = gateway.get(&gateway.admin_key, "/v1/models/org/tiny:1").await.expect(200);
    assert_eq!(one["available"], true);
    worker.leave(&gateway).await;
    assert_eq!(models().await["data"][0]["available"], false);
    let none = gateway.get(&gateway.admin_key, "/v1/models/nothing").await;
    assert_eq!(none.error(404), "model_not_found");
}

/// The last reply of a call was lost on its way: its caller does not wait for it until the deadline.
#[tokio::test]
async fn a_call_whose_answer_was_lost_is_told_as_soon_as_its_end_is_seen() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let work = async {
        let mut call = worker.take(Lane::Interactive).await;
        call.start().await;
        let event = JobEvent::submitted(std::sync::Arc::clone(&call.job), &SystemClock);
        let outcome =
            Outcome::Succeeded { result: None, artifacts: Vec::new(), usage: None, load_ms: None };
        let events = worker.bus.events();
        let end = event.finished(outcome, None, events.retention(), &SystemClock).unwrap();
        events.create(&end, Duration::from_secs(2)).await.unwrap();
    };
    let answer = async { send(chat(&gateway, &hello(false))).await };
    let both = async { tokio::join!(answer, work) };
    let (answer, ()) = tokio::time::timeout(Duration::from_secs(15), both).await.unwrap();
    assert_eq!(answer.error(503), "unavailable");
}
