//! The official standardwebhooks libraries verify what really arrives.

use serde_json::{Value, json};
use tests::{Received, Receiver, Sdk, Stack};

/// What a library is given: a secret, the headers and the body of a delivery.
fn given(secret: &str, received: &Received) -> String {
    let headers: Value = ["webhook-id", "webhook-timestamp", "webhook-signature"]
        .into_iter()
        .map(|name| (name.to_owned(), json!(received.header(name))))
        .collect::<serde_json::Map<_, _>>()
        .into();
    let body = std::str::from_utf8(&received.body).expect("a body is text");
    json!({"secret": secret, "headers": headers, "body": body}).to_string()
}

async fn accepts(secret: &str, received: &Received) {
    for sdk in Sdk::ALL {
        let ran = sdk.run("verify_webhook", &[], &given(secret, received)).await;
        assert_eq!(ran.code, 0, "{sdk:?}: {}", ran.stderr);
    }
}

async fn refuses(secret: &str, received: &Received) {
    for sdk in Sdk::ALL {
        let ran = sdk.run("verify_webhook", &[], &given(secret, received)).await;
        assert!(ran.code == 1 && ran.stderr.contains("not verified"), "{sdk:?}: {ran:?}");
    }
}

#[tokio::test]
async fn the_callback_of_a_job_is_verified_with_the_tenants_secret() {
    let (stack, receiver) = (Stack::start().await, Receiver::start().await);
    let client = stack.tenant("acme").await;
    let job = json!({"operation": "diagnostic.echo", "input": {"text": "größe"}, "webhook": receiver.url()});
    client.submit_job(job).await;
    let received = receiver.wait_for(1).await.remove(0);

    let secret = client.webhook_secret().await;
    accepts(&secret, &received).await;
    let other = stack.client().webhook_secret().await;
    refuses(&other, &received).await;
    let mut changed = received.clone();
    changed.body = [&received.body[..], b" "].concat().into();
    refuses(&secret, &changed).await;
}

#[tokio::test]
async fn during_a_rotation_old_and_new_secret_both_verify() {
    let (stack, receiver) = (Stack::start().await, Receiver::start().await);
    let client = stack.tenant("acme").await;
    let endpoint = json!({"url": receiver.url()});
    let made = client.post("/v1/webhooks/endpoints").json(&endpoint).send().await.expect(201);
    let (id, old) = (made["id"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let path = format!("/v1/webhooks/endpoints/{id}/rotate");
    let rotated = client.post(&path).send().await.expect(200);
    let new = rotated["secret"].as_str().unwrap();
    assert_ne!(old, new);

    client.submit("diagnostic.echo", json!({"n": 1})).await;
    let received = receiver.wait_for(1).await.remove(0);
    assert_eq!(received.header("webhook-signature").matches("v1,").count(), 2);
    accepts(old, &received).await;
    accepts(new, &received).await;
    let of_the_tenant = client.webhook_secret().await;
    refuses(&of_the_tenant, &received).await;
}

#[tokio::test]
async fn the_public_key_verifies_too() {
    let (stack, receiver) = (Stack::start().await, Receiver::start().await);
    let client = stack.client();
    client.submit_job(json!({"operation": "diagnostic.echo", "webhook": receiver.url()})).await;
    let received = receiver.wait_for(1).await.remove(0);
    let keys = client.with_key("").get("/v1/webhooks/keys").send().await.expect(200);
    received.verify(keys["data"][0]["public_key"].as_str().unwrap());
}
