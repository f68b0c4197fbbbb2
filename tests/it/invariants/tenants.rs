//! Invariant 9: tenants are isolated; what is another's answers as what is not there.

use common::job::JobState;
use reqwest::Method;
use reqwest::multipart::{Form, Part};
use serde_json::json;
use tests::{Client, Receiver, Role, Stack, eventually};

async fn is_not_found(client: &Client, method: Method, path: &str) {
    let answer = client.call(method.clone(), path).send().await;
    assert_eq!(answer.error(404), "not_found", "{method} {path}");
}

#[tokio::test]
async fn a_foreign_job_is_not_found() {
    let stack = Stack::start().await;
    let (acme, other) = (stack.tenant("acme").await, stack.tenant("other").await);
    let job = acme.submit("diagnostic.echo", json!({})).await.id;
    assert_eq!(acme.ended(job).await.status, JobState::Succeeded);
    for (method, path) in [
        (Method::GET, ""),
        (Method::GET, "/result"),
        (Method::GET, "/events"),
        (Method::POST, "/cancel"),
        (Method::POST, "/retry"),
        (Method::DELETE, ""),
    ] {
        is_not_found(&other, method, &format!("/v1/jobs/{job}{path}")).await;
    }
    eventually("the job is listed", async || acme.list("").await.len() == 1).await;
    assert!(other.list("").await.is_empty());
    // An admin is one of its own tenant, too.
    is_not_found(&stack.client(), Method::GET, &format!("/v1/jobs/{job}")).await;
    assert!(acme.result(job).await.status.is_success());
}

#[tokio::test]
async fn a_foreign_file_is_not_found() {
    let stack = Stack::builder().without(Role::Worker).start().await;
    let (acme, other) = (stack.tenant("acme").await, stack.tenant("other").await);
    let form = Form::new().part("file", Part::bytes(b"hello".to_vec()).file_name("a.txt"));
    let file = acme.post("/v1/files").form(form).send().await.expect(201);
    let id = file["id"].as_str().unwrap();
    for path in [format!("/v1/files/{id}"), format!("/v1/files/{id}/content")] {
        is_not_found(&other, Method::GET, &path).await;
    }
    is_not_found(&other, Method::DELETE, &format!("/v1/files/{id}")).await;
    let job = json!({ "operation": "image.convert", "input": { "format": "png" },
        "files": { "source": { "file_id": id } } });
    let refused = other.post("/v1/jobs").json(&job).send().await;
    assert_eq!(refused.error(422), "invalid_request");
    assert!(refused.text().contains(&format!("there is no file '{id}'")), "{}", refused.text());
    assert_eq!(acme.get(&format!("/v1/files/{id}/content")).send().await.text(), "hello");
}

#[tokio::test]
async fn foreign_webhooks_are_not_found() {
    let receiver = Receiver::start().await;
    let stack = Stack::start().await;
    let (acme, other) = (stack.tenant("acme").await, stack.tenant("other").await);
    assert_ne!(acme.webhook_secret().await, other.webhook_secret().await);
    let endpoint = json!({ "url": receiver.url() });
    let endpoint = acme.post("/v1/webhooks/endpoints").json(&endpoint).send().await.expect(201);
    let endpoint = format!("/v1/webhooks/endpoints/{}", endpoint["id"].as_str().unwrap());
    is_not_found(&other, Method::GET, &endpoint).await;
    is_not_found(&other, Method::DELETE, &endpoint).await;
    for action in ["rotate", "disable", "enable", "test"] {
        is_not_found(&other, Method::POST, &format!("{endpoint}/{action}")).await;
    }
    // Another tenant's job is not told to this endpoint, its own is.
    let theirs = other.submit("diagnostic.echo", json!({})).await.id;
    other.ended(theirs).await;
    let ours = acme.submit("diagnostic.echo", json!({})).await.id;
    let received = receiver.wait_for(1).await;
    assert_eq!(received[0].payload().data.job.unwrap().id, ours);

    let mut delivery = String::new();
    eventually("the delivery is listed", async || {
        let page = acme.get("/v1/webhooks/deliveries").send().await.expect(200);
        page["data"][0]["id"].as_str().unwrap_or_default().clone_into(&mut delivery);
        !delivery.is_empty()
    })
    .await;
    is_not_found(&other, Method::GET, &format!("/v1/webhooks/deliveries/{delivery}")).await;
    is_not_found(&other, Method::POST, &format!("/v1/webhooks/deliveries/{delivery}/retry")).await;
    let theirs = other.get("/v1/webhooks/deliveries").send().await.expect(200);
    assert_eq!(theirs["data"], json!([]));
}

/// The same idempotency key of two tenants stands for two jobs.
#[tokio::test]
async fn idempotency_keys_are_a_tenants_own() {
    let stack = Stack::start().await;
    let (acme, other) = (stack.tenant("acme").await, stack.tenant("other").await);
    let job = json!({ "operation": "diagnostic.echo" });
    let ours = acme.post("/v1/jobs").idempotent("k").json(&job).send().await.job(202);
    let theirs = other.post("/v1/jobs").idempotent("k").json(&job).send().await.job(202);
    assert_ne!(ours.id, theirs.id);
    acme.ended(ours.id).await;
    other.ended(theirs.id).await;
}
