//! Invariant 7: only the keeper writes SQL; only the gateway's admin API writes configuration, which is live.

use serde_json::json;
use tests::{Receiver, Role, Stack, eventually};

/// Jobs, lists and webhooks without a keeper: nobody makes a database.
#[tokio::test]
async fn nobody_but_the_keeper_writes_records() {
    let stack = Stack::builder().without(Role::Keeper).start().await;
    let client = stack.client();
    let job = client.submit("diagnostic.echo", json!({})).await.id;
    client.ended(job).await;
    client.get("/v1/jobs").send().await.error(503);
    client.get("/v1/webhooks/deliveries").send().await.error(503);
    let made: Vec<_> = std::fs::read_dir(stack.dir())
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().into_string().ok())
        .filter(|name| name.contains("sqlite"))
        .collect();
    assert!(made.is_empty(), "{made:?}");
}

/// A key that one gateway makes works at the others without a restart, and no longer when another one revokes it.
#[tokio::test]
async fn keys_are_live_everywhere() {
    let stack = Stack::builder().with(Role::Gateway, 3).start().await;
    let clients: Vec<_> =
        stack.all(Role::Gateway).into_iter().map(|id| stack.client_at(id)).collect();
    let made = clients[0].post("/v1/admin/keys").json(&json!({ "tenant": "acme" })).send().await;
    let made = made.expect(201);
    let key = made["key"].as_str().unwrap();
    for (n, client) in clients.iter().enumerate() {
        eventually("the key works", async || {
            client.with_key(key).get("/v1/models").send().await.status == 200
        })
        .await;
        assert_eq!(
            client.with_key(key).post("/v1/admin/keys").json(&json!({})).send().await.error(403),
            "permission_denied",
            "{n}"
        );
    }
    let revoke = format!("/v1/admin/keys/{}/revoke", made["id"].as_str().unwrap());
    clients[1].post(&revoke).send().await.expect(200);
    for client in &clients {
        eventually("the key is refused", async || {
            client.with_key(key).get("/v1/models").send().await.status == 401
        })
        .await;
    }
}

/// An endpoint that answers that it is gone is disabled: the dispatcher asks, a gateway writes.
#[tokio::test]
async fn a_dispatcher_has_endpoints_disabled_by_a_gateway() {
    let receiver = Receiver::start().await;
    receiver.answers(410);
    let stack = Stack::start().await;
    let client = stack.client();
    let endpoint = json!({ "url": receiver.url() });
    let endpoint = client.post("/v1/webhooks/endpoints").json(&endpoint).send().await.expect(201);
    let job = client.submit("diagnostic.echo", json!({})).await.id;
    client.ended(job).await;
    receiver.wait_for(1).await;
    let path = format!("/v1/webhooks/endpoints/{}", endpoint["id"].as_str().unwrap());
    eventually("the endpoint is disabled", async || {
        let read = client.get(&path).send().await.expect(200);
        !read["disabled"].is_null()
    })
    .await;
}
