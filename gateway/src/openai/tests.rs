//! The OpenAI-shaped routes against a worker whose every step the test takes.

use std::time::Duration;

use common::error_code::ErrorCode;
use common::job::{JobError, JobId, JobState, Lane};
use futures::StreamExt;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::fake_worker::FakeWorker;
use crate::testing::{TestGateway, send};

const CHAT: &str = "/v1/chat/completions";

fn chat(gateway: &TestGateway, body: &Value) -> RequestBuilder {
    gateway.request(Method::POST, CHAT).bearer_auth(&gateway.admin_key).json(body)
}

fn hello(stream: bool) -> Value {
    json!({ "model": "tiny", "messages": [{ "role": "user", "content": "hi" }], "stream": stream })
}

fn job_id(headers: &http::HeaderMap) -> JobId {
    headers["x-millrace-job"].to_str().unwrap().parse().unwrap()
}

/// Waits until the job's terminal event stands.
async fn end_of(gateway: &TestGateway, job: JobId) -> JobState {
    let until = tokio::time::Instant::now() + Duration::from_secs(5);
    loop {
        let last = gateway.parts.bus.events().last(job).await.unwrap();
        match last {
            Some(stored) if stored.event.is_terminal() => return stored.event.state,
            _ => assert!(tokio::time::Instant::now() < until, "the job did not end"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Reads a growing answer until `text` is in what was read.
async fn read_until(
    stream: &mut (impl futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Unpin),
    text: &str,
) -> String {
    let mut read = String::new();
    while !read.contains(text) {
        let next = tokio::time::timeout(Duration::from_secs(5), stream.next()).await;
        match next.expect("bytes come") {
            Some(part) => read.push_str(std::str::from_utf8(&part.unwrap()).unwrap()),
            None => panic!("the answer ended with: {read}"),
        }
    }
    read
}

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
        call.fail(&JobError::permanent(ErrorCode::UpstreamRejected, "max_tokens is too large")).await;
    };
    let (answer, ()) = tokio::join!(send(chat(&gateway, &hello(true))), work);
    let body = answer.expect(422);
    assert_eq!(body["error"]["code"], "upstream_rejected");
    assert_eq!(body["error"]["message"], "max_tokens is too large");
}

#[tokio::test]
async fn a_stream_is_forwarded_as_it_grows() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let request = tokio::time::timeout(Duration::from_secs(5), chat(&gateway, &hello(true)).send());
    let work = async {
        let mut call = worker.take(Lane::Interactive).await;
        assert!(call.job.stream);
        call.start().await;
        call.chunk("data: {\"one\":1}\n\n").await;
        call
    };
    let (response, mut call) = tokio::join!(request, work);
    let response: Response = response.unwrap().unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(response.headers()["cache-control"], "no-cache");
    assert_eq!(response.headers()["x-accel-buffering"], "no");
    let mut stream = response.bytes_stream();
    assert_eq!(read_until(&mut stream, "one").await, "data: {\"one\":1}\n\n");
    call.chunk("data: [DONE]\n\n").await;
    call.answer("text/event-stream", "").await;
    assert_eq!(read_until(&mut stream, "DONE").await, "data: [DONE]\n\n");
    assert!(stream.next().await.is_none());
}

/// A stream that has begun, with the worker's side of it.
async fn begun(
    gateway: &TestGateway,
    worker: &FakeWorker,
) -> (Response, crate::fake_worker::Taken) {
    let work = async {
        let mut call = worker.take(Lane::Interactive).await;
        call.start().await;
        call.chunk("data: {\"one\":1}\n\n").await;
        call
    };
    let (response, call) = tokio::join!(chat(gateway, &hello(true)).send(), work);
    (response.unwrap(), call)
}

#[tokio::test]
async fn a_run_that_changes_after_bytes_were_sent_ends_the_stream_with_an_error() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let (response, mut call) = begun(&gateway, &worker).await;
    call.take_over();
    call.start().await;
    call.chunk("data: {\"two\":2}\n\n").await;
    let text = response.text().await.unwrap();
    assert!(text.starts_with("data: {\"one\":1}\n\ndata: {\"error\":"), "{text}");
    assert!(text.contains("vanished") && !text.contains("two") && !text.contains("DONE"), "{text}");
}

#[tokio::test]
async fn a_run_that_changes_before_bytes_were_sent_is_followed() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let work = async {
        let mut call = worker.take(Lane::Interactive).await;
        call.start().await;
        call.take_over();
        call.start().await;
        call.chunk("data: {\"two\":2}\n\n").await;
        call.answer("text/event-stream", "").await;
    };
    let (answer, ()) = tokio::join!(send(chat(&gateway, &hello(true))), work);
    assert_eq!(answer.status, 200);
    assert_eq!(answer.bytes, "data: {\"two\":2}\n\n");
}

#[tokio::test]
async fn a_lost_part_ends_the_stream_with_an_error() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let (response, mut call) = begun(&gateway, &worker).await;
    call.chunk("data: {\"half").await;
    call.lose_one();
    call.chunk("data: {\"three\":3}\n\n").await;
    let text = response.text().await.unwrap();
    assert!(text.contains("\"half\n\ndata: {\"error\":"), "{text}");
    assert!(text.contains("lost") && !text.contains("three"), "{text}");
}

#[tokio::test]
async fn a_caller_who_leaves_a_stream_stops_the_worker() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let mut notices = worker.bus.subscribe_cancels().await.unwrap();
    let (response, call) = begun(&gateway, &worker).await;
    drop(response);
    let notice = tokio::time::timeout(Duration::from_secs(1), notices.next()).await;
    assert_eq!(notice.expect("within a second"), Some(call.job.id));
    assert_eq!(end_of(&gateway, call.job.id).await, JobState::Canceled);
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
    let result = gateway.get(&gateway.admin_key, &format!("/v1/jobs/{}/result", taken.job.id)).await;
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
async fn a_recorded_stream_is_told_again() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let recorded = "data: {\"one\":1}\n\ndata: [DONE]\n\n";
    gateway.parts.objects.put("jobs/x/result", recorded).await.unwrap();
    let keyed = || chat(&gateway, &hello(true)).header("idempotency-key", "k2");
    let work = async {
        let mut job = worker.take(Lane::Normal).await;
        job.start().await;
        job.chunk("data: {\"one\":1}\n\n").await;
        job.chunk("data: [DONE]\n\n").await;
        let bytes = recorded.len() as u64;
        job.succeed_with_object("text/event-stream", "jobs/x/result", bytes).await;
    };
    let (live, ()) = tokio::join!(send(keyed()), work);
    assert_eq!(live.bytes, recorded);
    let again = send(keyed()).await;
    assert_eq!(again.headers["content-type"], "text/event-stream");
    assert_eq!(again.bytes, recorded);
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

#[tokio::test]
async fn without_the_broker_a_call_fails_within_two_seconds_and_works_again_afterwards() {
    let mut gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    gateway.nats.kill();
    let started = std::time::Instant::now();
    let answer = send(chat(&gateway, &hello(false))).await;
    assert_eq!(answer.error(503), "unavailable");
    assert!(started.elapsed() < Duration::from_millis(2_300), "{:?}", started.elapsed());
    gateway.nats.resume().await;
    // Until the stream of calls is made anew, calls go to JOBS.
    let work = async {
        let mut call = worker.take_of(&[Lane::Interactive, Lane::Normal]).await;
        call.start().await;
        if call.stored.is_some() {
            call.succeed("{}").await;
        } else {
            call.answer("application/json", "{}").await;
        }
    };
    let calls = async {
        loop {
            let answer = send(chat(&gateway, &hello(false))).await;
            if answer.status == 200 {
                return;
            }
            assert_eq!(answer.error(503), "unavailable");
        }
    };
    let both = async { tokio::join!(calls, work) };
    tokio::time::timeout(Duration::from_secs(15), both).await.expect("it recovers by itself");
    // And calls are calls again.
    let work = async {
        let mut call = worker.take(Lane::Interactive).await;
        call.start().await;
        call.answer("application/json", "{}").await;
    };
    let (answer, ()) = tokio::join!(send(chat(&gateway, &hello(false))), work);
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn a_call_that_a_restart_of_the_broker_dropped_is_published_again() {
    let mut gateway = TestGateway::start().await;
    let worker = FakeWorker::chat(&gateway).await;
    let request = send(chat(&gateway, &hello(false)));
    let work = async {
        let figures = async || worker.bus.queue_figures().await.unwrap();
        while !figures().await.iter().any(|q| q.lane == Lane::Interactive && q.waiting == 1) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        gateway.nats.kill();
        gateway.nats.resume().await;
        let mut call = worker.take(Lane::Interactive).await;
        call.start().await;
        call.answer("application/json", "{}").await;
    };
    let (answer, ()) = tokio::join!(request, work);
    assert_eq!(answer.status, 200);
}
