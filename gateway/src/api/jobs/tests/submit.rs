use std::time::Duration;

use common::bus::testing::NatsServer;
use common::bus::{Bus, BusOptions, Place, StreamLimits};
use common::clock::{Clock, SystemClock};
use common::error_code::ErrorCode;
use common::job::{JobEnvelope, JobEvent, JobState, Lane};
use reqwest::Method;
use serde_json::json;

use super::{form, id, keys, path, submit_echo};
use crate::fake_worker::FakeWorker;
use crate::idempotency::{Fingerprint, Found, Idempotency, find};
use crate::testing::{TestGateway, send};

#[tokio::test]
async fn an_accepted_job_has_its_event_and_its_message() {
    let gateway = TestGateway::start().await;
    let body = json!({
        "operation": "diagnostic.echo", "input": { "n": 1 }, "lane": "bulk", "max_attempts": 7,
        "metadata": { "team": "red" }, "webhook": "http://127.0.0.1:9/hook",
    });
    let answer = gateway.post(&gateway.admin_key, "/v1/jobs", &body).await;
    let job = answer.expect(202);
    assert_eq!(job["status"], "queued");
    assert_eq!(job["metadata"]["team"], "red");
    assert_eq!(answer.headers["location"].to_str().unwrap(), path(&job));
    let stored = gateway.parts.bus.events().last(id(&job)).await.unwrap().unwrap();
    assert_eq!((stored.event.state, stored.event.version), (JobState::Queued, 1));
    assert_eq!(stored.event.job.max_attempts, 7);
    let message = gateway.parts.bus.find_job_message(&stored.event.job).await.unwrap().unwrap();
    assert_eq!((message.place, message.event_version), (Place::Jobs, Some(1)));
}

/// A stream that may have no further consumer would keep the job for ever.
#[tokio::test]
async fn a_job_for_whose_model_there_can_be_no_queue_is_refused() {
    let gateway = TestGateway::start().await;
    let bus = &gateway.parts.bus;
    for lane in [Lane::Normal, Lane::Bulk] {
        bus.remove_lane_consumer("diagnostic", "diagnostic", lane).await.unwrap();
    }
    bus.forget_model_consumers("diagnostic", "diagnostic");
    bus.limit_consumers("JOBS_diagnostic", 1).await;
    let body = json!({ "operation": "diagnostic.echo", "input": {} });
    let refused = gateway.post(&gateway.admin_key, "/v1/jobs", &body).await;
    assert_eq!(refused.error(429), "queue_full");
    assert!(bus.events().get(1).await.unwrap().is_none(), "nothing was accepted");
    bus.limit_consumers("JOBS_diagnostic", 2).await;
    gateway.post(&gateway.admin_key, "/v1/jobs", &body).await.expect(202);
}

#[tokio::test]
async fn wrong_fields_are_all_named() {
    let gateway = TestGateway::start().await;
    let body = json!({
        "operation": "diagnostic.sleep", "input": { "ms": 99_999_999_999_u64 }, "max_attempts": 0,
        "deadline": "2020-01-01T00:00:00Z", "webhook": "ftp://x", "files": { "x": { "data": "aa" } },
    });
    let answer = gateway.post(&gateway.admin_key, "/v1/jobs", &body).await.expect(422);
    let mut fields: Vec<_> = answer["error"]["fields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| field["field"].as_str().unwrap())
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, ["deadline", "files.x", "input.ms", "max_attempts", "webhook"]);
}

#[tokio::test]
async fn unknown_names_are_answered_with_the_nearest() {
    let gateway = TestGateway::start().await;
    let post = async |body| gateway.post(&gateway.admin_key, "/v1/jobs", &body).await;
    let operation = post(json!({ "operation": "diagnostic.ehco" })).await;
    assert_eq!(operation.error(404), "operation_not_found");
    assert!(String::from_utf8_lossy(&operation.bytes).contains("diagnostic.echo"));
    let model = post(json!({ "operation": "diagnostic.echo", "model": "other" })).await;
    assert_eq!(model.error(404), "model_not_found");
    let unnamed = post(json!({ "operation": "chat", "input": { "messages": [{}] } })).await;
    assert_eq!(unnamed.expect(422)["error"]["param"], "model");
}

#[tokio::test]
async fn a_webhook_to_a_private_address_is_refused() {
    let gateway = TestGateway::start_with(&[]).await;
    let body = json!({ "operation": "diagnostic.echo", "webhook": "https://10.1.2.3/hook" });
    let answer = gateway.post(&gateway.admin_key, "/v1/jobs", &body).await.expect(422);
    assert_eq!(answer["error"]["param"], "webhook");
}

#[tokio::test]
async fn a_job_for_later_is_scheduled_and_counted() {
    let gateway = TestGateway::start_with(&[("gateway.max_delayed_per_hour", "1")]).await;
    let at = SystemClock.now().plus(Duration::from_hours(2));
    let body = json!({ "operation": "diagnostic.echo", "run_at": at });
    let job = gateway.post(&gateway.admin_key, "/v1/jobs", &body).await.expect(202);
    assert_eq!(job["status"], "scheduled");
    assert!(job.get("queue_position").is_none());
    let stored = gateway.parts.bus.events().last(id(&job)).await.unwrap().unwrap();
    let message = gateway.parts.bus.find_job_message(&stored.event.job).await.unwrap().unwrap();
    assert_eq!(message.place, Place::Scheduled);
    let second = gateway.post(&gateway.admin_key, "/v1/jobs", &body).await;
    assert_eq!(second.error(429), "rate_limited");
    // Another tenant, and another hour, have counters of their own.
    let other = gateway.user_key("other").await;
    gateway.post(&other, "/v1/jobs", &body).await.expect(202);
    let later =
        json!({ "operation": "diagnostic.echo", "run_at": at.plus(Duration::from_hours(1)) });
    gateway.post(&gateway.admin_key, "/v1/jobs", &later).await.expect(202);
}

#[tokio::test]
async fn a_key_stands_for_one_job() {
    let gateway = TestGateway::start().await;
    let post = async |body: serde_json::Value| {
        let request = gateway.request(Method::POST, "/v1/jobs").bearer_auth(&gateway.admin_key);
        send(request.header("idempotency-key", "once").json(&body)).await
    };
    let body = json!({ "operation": "diagnostic.echo", "input": { "n": 1 } });
    let (one, two) = tokio::join!(post(body.clone()), post(body.clone()));
    let (first, second) = (one.expect(202), two.expect(202));
    assert_eq!(first["id"], second["id"]);
    let replayed =
        [&one, &two].iter().filter(|a| a.headers.contains_key("idempotent-replayed")).count();
    assert_eq!(replayed, 1);
    let other = post(json!({ "operation": "diagnostic.echo", "input": { "n": 2 } })).await;
    assert_eq!(other.error(422), "idempotency_mismatch");
    // Another tenant's key is another key.
    let tenant = gateway.user_key("other").await;
    let request = gateway.request(Method::POST, "/v1/jobs").bearer_auth(&tenant);
    let theirs = send(request.header("idempotency-key", "once").json(&body)).await.expect(202);
    assert_ne!(theirs["id"], first["id"]);
}

#[tokio::test]
async fn a_repeated_request_brings_the_message_that_was_never_sent() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::diagnostic(&gateway).await;
    let key = gateway.user_key("acme").await;
    // A gateway was killed between event and message.
    let body = json!({ "operation": "diagnostic.echo" }).to_string();
    let fingerprint = Fingerprint::of_route("/v1/jobs").with(body.as_bytes()).finish();
    let idempotency = Idempotency { key: "cut".to_owned(), fingerprint: fingerprint.clone() };
    let tenant = "acme".parse().unwrap();
    let Found::Free(id) = find(&gateway.state, &tenant, &idempotency).await.unwrap() else {
        panic!("the key is new")
    };
    let template = gateway.post(&key, "/v1/jobs", &json!({ "operation": "diagnostic.echo" })).await;
    let template = super::id(&template.expect(202));
    let template = gateway.parts.bus.events().last(template).await.unwrap().unwrap().event.job;
    worker.take(Lane::Normal).await;
    let job = JobEnvelope { id, fingerprint: Some(fingerprint), ..JobEnvelope::clone(&template) };
    let event = JobEvent::submitted(job.into(), &SystemClock);
    gateway.parts.bus.events().create(&event, Duration::from_secs(2)).await.unwrap();

    let request = gateway.request(Method::POST, "/v1/jobs").bearer_auth(&key);
    let request =
        request.header("idempotency-key", "cut").header("content-type", "application/json");
    let answer = send(request.body(body)).await;
    assert_eq!(answer.headers["idempotent-replayed"], "true");
    assert_eq!(super::id(&answer.expect(202)), id);
    assert_eq!(worker.take(Lane::Normal).await.job.id, id);
}

#[tokio::test]
async fn a_full_queue_refuses_and_says_so_in_the_event() {
    let nats = NatsServer::start().await;
    let options = nats.options("operator");
    let limits = StreamLimits { jobs_messages: 1, ..options.limits };
    let bus = Bus::connect(BusOptions { limits, ..options }, std::sync::Arc::new(SystemClock));
    bus.await.unwrap().ensure_topology().await.unwrap();
    let gateway = TestGateway::start_on(nats, &[]).await;
    submit_echo(&gateway, &gateway.admin_key).await;
    let request = || {
        let request = gateway.request(Method::POST, "/v1/jobs").bearer_auth(&gateway.admin_key);
        request.header("idempotency-key", "k").json(&json!({ "operation": "diagnostic.echo" }))
    };
    let refused = send(request()).await;
    assert_eq!(refused.error(429), "queue_full");
    assert!(refused.headers.contains_key("retry-after"));
    // Room again: the key is free, since its job was refused.
    let worker = FakeWorker::diagnostic(&gateway).await;
    let mut first = worker.take(Lane::Normal).await;
    first.start().await;
    first.succeed("{}").await;
    let again = async {
        loop {
            let answer = send(request()).await;
            if answer.status == 202 {
                return answer;
            }
            assert_eq!(answer.error(429), "queue_full");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    let accepted = tokio::time::timeout(Duration::from_secs(10), again).await.unwrap();
    assert!(!accepted.headers.contains_key("idempotent-replayed"));
}

#[tokio::test]
async fn large_parameters_go_to_the_object_store() {
    let gateway = TestGateway::start().await;
    let text = "x".repeat(300 * 1024);
    let body = json!({ "operation": "diagnostic.echo", "input": { "text": text } });
    let job = gateway.post(&gateway.admin_key, "/v1/jobs", &body).await.expect(202);
    let stored = gateway.parts.bus.events().last(id(&job)).await.unwrap().unwrap();
    let object = stored.event.job.input_object.clone().unwrap();
    assert!(stored.event.job.input.is_none());
    let kept: serde_json::Value =
        serde_json::from_slice(&gateway.parts.objects.get(&object.key).await.unwrap()).unwrap();
    assert_eq!(kept, body["input"]);
    // A refused job leaves nothing behind.
    let refused =
        json!({ "operation": "diagnostic.echo", "input": { "text": text }, "max_attempts": 0 });
    gateway.post(&gateway.admin_key, "/v1/jobs", &refused).await.expect(422);
    assert_eq!(keys(&gateway).await.len(), 1);
}

#[tokio::test]
async fn files_come_as_parts_of_a_form() {
    let gateway = TestGateway::start().await;
    let job = json!({ "operation": "image.convert", "input": { "format": "png" } }).to_string();
    let text = ("job", None, job.as_bytes());
    let picture = ("source", Some("a.png"), b"\x89PNG\r\n\x1a\n rest".as_slice());
    let request = || gateway.request(Method::POST, "/v1/jobs").bearer_auth(&gateway.admin_key);
    let accepted = send(form(request(), &[text, picture])).await.expect(202);
    let stored = gateway.parts.bus.events().last(id(&accepted)).await.unwrap().unwrap();
    let [file] = stored.event.job.files.as_slice() else { panic!("one file") };
    assert_eq!((file.name.as_str(), file.content_type.as_str()), ("source", "image/png"));
    assert_eq!(file.key, format!("jobs/{}/in/source", stored.event.job.id));
    assert!(gateway.parts.objects.get(&file.key).await.unwrap().starts_with(b"\x89PNG"));

    // With a key the files move to the job that the key stands for, and a repetition leaves nothing behind.
    let keyed = async || {
        let request = request().header("idempotency-key", "f");
        send(form(request, &[picture, text])).await.expect(202)
    };
    let first = keyed().await;
    assert_eq!(keyed().await["id"], first["id"]);
    let keys_now = keys(&gateway).await;
    assert_eq!(keys_now.len(), 2, "{keys_now:?}");
    assert!(keys_now.contains(&format!("jobs/{}/in/source", id(&first))), "{keys_now:?}");

    // Refused, and nothing is left either.
    let refused = send(form(request(), &[text])).await.expect(422);
    assert_eq!(refused["error"]["param"], "files.source");
    assert_eq!(keys(&gateway).await.len(), 2);
}

#[tokio::test]
async fn a_wait_on_the_native_route_answers_with_the_ended_job() {
    let gateway = TestGateway::start().await;
    let worker = FakeWorker::diagnostic(&gateway).await;
    let request = gateway
        .request(Method::POST, "/v1/jobs")
        .bearer_auth(&gateway.admin_key)
        .header("prefer", "wait=10")
        .json(&json!({ "operation": "diagnostic.echo" }));
    let work = async {
        let mut job = worker.take(Lane::Normal).await;
        job.start().await;
        job.succeed(r#"{"n":1}"#).await;
    };
    let (answer, ()) = tokio::join!(send(request), work);
    let job = answer.expect(201);
    assert_eq!(job["status"], "succeeded");
    assert_eq!(job["result"], json!({ "n": 1 }));
}

#[tokio::test]
async fn without_the_broker_a_job_is_not_accepted() {
    let mut gateway = TestGateway::start().await;
    submit_echo(&gateway, &gateway.admin_key).await;
    gateway.nats.kill();
    let started = std::time::Instant::now();
    let body = json!({ "operation": "diagnostic.echo" });
    let answer = gateway.post(&gateway.admin_key, "/v1/jobs", &body).await;
    assert_eq!(answer.error(503), ErrorCode::Unavailable.as_str());
    assert!(answer.headers.contains_key("x-millrace-job"));
    assert!(started.elapsed() < Duration::from_millis(2_300), "{:?}", started.elapsed());
}
