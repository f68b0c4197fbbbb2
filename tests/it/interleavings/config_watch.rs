//! Configuration that is not what it was (19).

use serde_json::{Value, json};
use tests::{Client, Role, Stack, eventually};

async fn revoke(client: &Client, key: &Value) {
    let id = key["id"].as_str().unwrap();
    client.post(&format!("/v1/admin/keys/{id}/revoke")).send().await.expect(200);
}

async fn new_key(client: &Client) -> Value {
    let made = client.post("/v1/admin/keys").json(&json!({ "tenant": "acme" })).send().await;
    made.expect(201)
}

/// Interleaving 19: the watch of a gateway is dead and nothing tells it so. A revoked key stops working all the same.
#[tokio::test]
async fn a_gateway_whose_watch_died_hears_of_a_revoked_key() {
    use futures::TryStreamExt as _;

    let stack = Stack::builder().with(Role::Gateway, 2).without(Role::Keeper).start().await;
    let [admin, other] = stack.all(Role::Gateway)[..] else { panic!("two gateways run") };
    let (admin, other) = (stack.client_at(admin), stack.client_at(other));
    let key = new_key(&admin).await;
    let caller = other.with_key(key["key"].as_str().unwrap());
    eventually("the key works", async || caller.get("/v1/models").send().await.status == 200).await;

    let nats = async_nats::connect(stack.nats.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(nats);
    let bucket = jetstream.get_stream("KV_config").await.unwrap();
    let watches: Vec<String> = bucket.consumer_names().try_collect().await.unwrap();
    assert!(!watches.is_empty());
    for watch in watches {
        bucket.delete_consumer(&watch).await.unwrap();
    }
    revoke(&admin, &key).await;
    eventually("the key is refused", async || caller.get("/v1/models").send().await.status == 401)
        .await;
}

/// Interleaving 19: a gateway that is cut off can not know who was revoked. After half a minute it grants nothing.
#[tokio::test]
async fn a_gateway_that_is_cut_off_grants_nothing() {
    let mut stack = Stack::builder().without(Role::Keeper).start().await;
    let cut_off = stack.add_linked(Role::Gateway).await;
    let admin = stack.client();
    let key = new_key(&admin).await;
    let caller = stack.client_at(cut_off).with_key(key["key"].as_str().unwrap());
    eventually("the key works", async || caller.get("/v1/models").send().await.status == 200).await;

    stack.link(cut_off).cut();
    revoke(&admin, &key).await;
    eventually("nothing is granted", async || caller.get("/v1/models").send().await.status == 503)
        .await;
    stack.link(cut_off).mend();
    eventually("the key is refused", async || caller.get("/v1/models").send().await.status == 401)
        .await;
}
