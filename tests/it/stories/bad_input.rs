//! What bad input gets, line by line.

use serde_json::{Value, json};
use tests::upstream::Upstream;
use tests::{Answer, Client, Receiver, Role, Stack, eventually};

async fn gateway() -> Stack {
    Stack::builder()
        .without(Role::Worker)
        .without(Role::Keeper)
        .without(Role::Dispatcher)
        .start()
        .await
}

async fn submit(client: &Client, job: &Value) -> Answer {
    client.post("/v1/jobs").json(job).send().await
}

/// The fields that an answer names.
fn fields(answer: &Answer) -> Vec<String> {
    let body = answer.expect(422);
    let errors = body["error"]["errors"].as_array().or(body["error"]["fields"].as_array());
    let errors = errors.unwrap_or_else(|| panic!("no fields: {body}"));
    errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_unknown_operation_is_answered_with_the_nearest() {
    let stack = gateway().await;
    let answer = submit(&stack.client(), &json!({ "operation": "video.tirm" })).await;
    assert_eq!(answer.error(404), "operation_not_found");
    assert!(answer.message().contains("video.trim"), "{}", answer.message());
}

#[tokio::test]
async fn an_unknown_model_is_answered_with_the_nearest() {
    let upstream = Upstream::start(&["llama-3.1-8b"]).await;
    let stack = Stack::builder().llm(&upstream.url()).start().await;
    let client = stack.client();
    client.knows("llama-3.1-8b").await;
    let answer = client.chat("lama-3.1-8b").send().await;
    assert_eq!(answer.error(404), "model_not_found");
    assert!(answer.message().contains("llama-3.1-8b"), "{}", answer.message());
    let answer = client.get("/v1/models/lama-3.1-8b").send().await;
    assert_eq!(answer.error(404), "model_not_found");
}

#[tokio::test]
async fn malformed_json_is_answered_with_its_position() {
    let stack = gateway().await;
    for path in ["/v1/jobs", "/v1/jobs/batch", "/v1/chat/completions"] {
        let answer = stack.client().post(path).raw_json("{\n  oops\n}").send().await;
        assert_eq!(answer.error(400), "malformed_request", "{path}");
        assert!(answer.message().contains("line 2"), "{path}: {}", answer.message());
    }
}

#[tokio::test]
async fn every_wrong_field_is_named() {
    let stack = gateway().await;
    let client = stack.client();
    let answer = submit(
        &client,
        &json!({
            "operation": "diagnostic.sleep",
            "input": { "ms": 99_999_999 },
            "max_attempts": 0,
            "run_at": "2999-01-01T00:00:00Z",
            "deadline": "2001-01-01T00:00:00Z",
            "webhook": "http://10.0.0.1/hook",
            "metadata": { "": "x" },
        }),
    )
    .await;
    let mut named = fields(&answer);
    named.sort();
    named.dedup();
    let expected = ["deadline", "input.ms", "max_attempts", "metadata.", "run_at", "webhook"];
    assert_eq!(named, expected);
    let answer = submit(&client, &json!({ "operation": "diagnostic.echo", "prio": 1 })).await;
    assert_eq!(fields(&answer), ["prio"]);
    let answer = client.post("/v1/chat/completions").json(&json!({ "messages": [] })).send().await;
    assert_eq!(fields(&answer), ["model", "messages"]);
}

#[tokio::test]
async fn what_is_too_large_is_refused() {
    let stack = Stack::builder()
        .without(Role::Worker)
        .without(Role::Keeper)
        .without(Role::Dispatcher)
        .set("gateway.body_limit", "100KB")
        .set("gateway.file_limit", "200KB")
        .start()
        .await;
    let client = stack.client();
    let job = json!({ "operation": "diagnostic.echo", "input": "x".repeat(150_000) });
    assert_eq!(submit(&client, &job).await.error(413), "too_large");
    let form = || {
        let part = reqwest::multipart::Part::bytes(vec![b'x'; 300_000]).file_name("a.bin");
        reqwest::multipart::Form::new().part("file", part)
    };
    assert_eq!(client.post("/v1/files").form(form()).send().await.error(413), "too_large");
    let jobs = json!({ "jobs": vec![json!({ "operation": "diagnostic.echo" }); 1001] });
    let too_many = client.post("/v1/jobs/batch").json(&jobs).send().await;
    assert_eq!(fields(&too_many), ["jobs"]);
}

#[tokio::test]
async fn a_wrong_or_revoked_key_is_refused() {
    let stack = gateway().await;
    let client = stack.client();
    let made = client.post("/v1/admin/keys").json(&json!({ "tenant": "acme" })).send().await;
    let (id, key) = (&made.expect(201)["id"], made.expect(201)["key"].as_str().unwrap().to_owned());
    let caller = client.with_key(&key);
    caller.get("/v1/models").send().await.expect(200);
    let by_header = client.with_key("").get("/v1/models").header("x-api-key", &key).send().await;
    by_header.expect(200);
    client
        .post(&format!("/v1/admin/keys/{}/revoke", id.as_str().unwrap()))
        .send()
        .await
        .expect(200);
    for key in ["", "mr_wrong", key.as_str()] {
        let answer = client.with_key(key).get("/v1/models").send().await;
        assert_eq!(answer.error(401), "invalid_api_key", "{key}");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
}

#[tokio::test]
async fn an_id_that_is_none_is_not_found() {
    let stack = Stack::builder().without(Role::Worker).without(Role::Dispatcher).start().await;
    let client = stack.client();
    eventually("the records are there", async || client.get("/v1/jobs").send().await.status == 200)
        .await;
    let unknown = common::job::JobId::new(&common::clock::SystemClock);
    for path in
        [format!("/v1/jobs/{unknown}"), "/v1/jobs/not-an-id".to_owned(), "/v1/nothing".to_owned()]
    {
        assert_eq!(client.get(&path).send().await.error(404), "not_found", "{path}");
    }
}

#[tokio::test]
async fn a_webhook_to_nowhere_good_is_refused_at_submit() {
    let stack = Stack::builder()
        .without(Role::Worker)
        .without(Role::Keeper)
        .without(Role::Dispatcher)
        .set("egress.allow", "")
        .start()
        .await;
    let client = stack.client();
    for url in [
        "not a url",
        "ftp://example.com/",
        "http://example.com/insecure",
        "https://127.0.0.1/",
        "https://10.1.2.3/",
        "https://[fd00::1]/",
        "https://169.254.169.254/",
        "https://example.com:22/",
        "https://localhost/",
    ] {
        let job = json!({ "operation": "diagnostic.echo", "webhook": url });
        assert_eq!(fields(&submit(&client, &job).await), ["webhook"], "{url}");
        let endpoint = client.post("/v1/webhooks/endpoints").json(&json!({ "url": url }));
        assert_eq!(fields(&endpoint.send().await), ["url"], "{url}");
    }
}

/// What a gateway let pass is judged again by the dispatcher, at every attempt.
#[tokio::test]
async fn a_webhook_to_a_private_target_is_blocked_at_delivery() {
    let receiver = Receiver::start().await;
    let mut stack = Stack::builder().without(Role::Dispatcher).start().await;
    let nothing_private = |settings: &mut tests::Settings| {
        settings.set("egress.allow", "");
    };
    stack.add_with(Role::Dispatcher, nothing_private).await;
    let client = stack.client();
    let job = json!({ "operation": "diagnostic.echo", "webhook": receiver.url() });
    let job = client.submit_job(job).await.id;
    client.ended(job).await;
    eventually("the delivery is dead", async || {
        let page =
            client.get(&format!("/v1/webhooks/deliveries?job={job}")).send().await.expect(200);
        page["data"][0]["status"] == "dead"
    })
    .await;
    assert_eq!(receiver.received().len(), 0);
}

/// Routes and methods that are none.
#[tokio::test]
async fn what_is_no_route_is_said_in_the_same_shape() {
    let stack = gateway().await;
    let client = stack.client();
    assert_eq!(client.get("/v2/jobs").send().await.error(404), "not_found");
    assert_eq!(client.delete("/v1/jobs").send().await.error(405), "malformed_request");
    let text = client.post("/v1/jobs").header("content-type", "text/plain").send().await;
    assert_eq!(text.error(400), "malformed_request");
    let query = client.get("/v1/jobs?state=lost&limit=0").send().await;
    assert_eq!(fields(&query), ["state", "limit"]);
}
