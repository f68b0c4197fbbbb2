use std::time::Duration;

use common::bus::{DisableEndpoint, FixedConsumer};
use common::clock::Timestamp;
use common::job::EventId;
use common::records::Position;
use common::webhook::{
    Delivery, DeliveryEvent, DeliveryStatus, DeliveryTarget, Endpoint, decode_secret,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::testing::{TestGateway, send};

const ENDPOINTS: &str = "/v1/webhooks/endpoints";
const PATIENCE: Duration = Duration::from_secs(2);

async fn register(gateway: &TestGateway, key: &str) -> Value {
    let body = json!({ "url": "https://93.184.216.34/hook", "events": ["job.failed"] });
    gateway.post(key, ENDPOINTS, &body).await.expect(201)
}

/// The delivery that lies in WEBHOOKS.
async fn pulled(gateway: &TestGateway) -> Delivery {
    let consumer = gateway.parts.bus.consumer(FixedConsumer::Deliver).await.unwrap();
    let pulled = consumer.fetch(1, Duration::from_secs(5)).await.unwrap();
    let delivery = serde_json::from_slice(pulled[0].payload()).unwrap();
    pulled[0].ack().await.unwrap();
    delivery
}

/// A delivery to an endpoint that has died, as dispatcher and keeper leave it.
async fn dead(gateway: &TestGateway, endpoint: &str, sequence: u64) -> DeliveryEvent {
    let clock = &gateway.parts.clock;
    let target =
        DeliveryTarget::Endpoint { id: endpoint.to_owned(), url: "https://a.example".to_owned() };
    let delivery = Delivery::new(
        EventId::new(&**clock),
        "job.failed",
        "acme".parse().unwrap(),
        None,
        target,
        "{}".to_owned(),
        clock.now(),
    );
    let event = DeliveryEvent::pending(&delivery, clock.now(), clock.now())
        .next(DeliveryStatus::Dead, clock.now());
    gateway.parts.bus.publish_delivery_event(&event, PATIENCE).await.unwrap();
    let position = Position {
        stream: "DELIVERIES".to_owned(),
        stream_created: Timestamp::from_micros(1),
        floor: 0,
        high: sequence,
    };
    gateway
        .records
        .apply_deliveries(&position, std::slice::from_ref(&event), clock.now())
        .await
        .unwrap();
    event
}

#[tokio::test]
async fn the_secret_is_shown_once_and_kept_sealed() {
    let gateway = TestGateway::start().await;
    let key = gateway.user_key("acme").await;
    let made = register(&gateway, &key).await;
    let secret = decode_secret(made["secret"].as_str().unwrap()).unwrap();
    let path = format!("{ENDPOINTS}/{}", made["id"].as_str().unwrap());
    let read = gateway.get(&key, &path).await.expect(200);
    assert!(read.get("secret").is_none() && read.get("secrets").is_none());
    let list = gateway.get(&key, ENDPOINTS).await.expect(200);
    assert_eq!(list["data"], json!([read]));

    let rotated = gateway.post(&key, &format!("{path}/rotate"), &json!({})).await.expect(200);
    assert_ne!(rotated["secret"], made["secret"]);
    assert!(rotated["previous_secret_expires_at"].is_string());
    let (store, watch) =
        gateway.parts.bus.open_config(gateway.parts.lifecycle.soft()).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(watch);
    store.ready(Duration::from_secs(5)).await.unwrap();
    let entry = Endpoint::key(&"acme".parse().unwrap(), made["id"].as_str().unwrap());
    let (endpoint, _) = store.get::<Endpoint>(&entry).unwrap();
    let opened =
        gateway.parts.keyring.open(&endpoint.secret_context(), &endpoint.secrets[1].sealed);
    assert_eq!(opened.unwrap(), secret);
}

#[tokio::test]
async fn a_bad_target_is_refused_with_the_field() {
    let gateway = TestGateway::start_with(&[]).await;
    let key = gateway.user_key("acme").await;
    for url in [
        "https://127.0.0.1/x",
        "https://169.254.169.254/",
        "https://localhost/",
        "ftp://a.example/",
        "http://example.org/",
        "nonsense",
        "https://[::ffff:10.0.0.1]/",
    ] {
        let refused = gateway.post(&key, ENDPOINTS, &json!({ "url": url })).await.expect(422);
        assert_eq!(refused["error"]["param"], "url", "{url}");
    }
    let body = json!({ "url": "https://127.0.0.1/", "events": ["job.done"], "description": "x".repeat(501) });
    let refused = gateway.post(&key, ENDPOINTS, &body).await.expect(422);
    assert_eq!(refused["error"]["fields"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn an_endpoint_is_changed_and_removed_by_its_owner_only() {
    let gateway = TestGateway::start().await;
    let (key, other) = (gateway.user_key("acme").await, gateway.user_key("other").await);
    let made = register(&gateway, &key).await;
    let path = format!("{ENDPOINTS}/{}", made["id"].as_str().unwrap());
    assert_eq!(gateway.get(&other, &path).await.error(404), "not_found");
    assert_eq!(gateway.delete(&other, &path).await.error(404), "not_found");
    let change = json!({ "description": "mine", "events": [] });
    let patch = gateway.request(Method::PATCH, &path).bearer_auth(&key).json(&change);
    let changed = send(patch).await.expect(200);
    assert_eq!((&changed["description"], &changed["events"]), (&json!("mine"), &json!([])));
    assert_eq!(changed["url"], made["url"]);
    assert_eq!(gateway.delete(&key, &path).await.status, 204);
    assert_eq!(gateway.get(&key, &path).await.error(404), "not_found");
}

#[tokio::test]
async fn a_dispatcher_disables_an_endpoint_through_a_gateway() {
    let gateway = TestGateway::start().await;
    let key = gateway.user_key("acme").await;
    let made = register(&gateway, &key).await;
    let id = made["id"].as_str().unwrap();
    let what = DisableEndpoint {
        tenant: "acme".parse().unwrap(),
        endpoint_id: id.to_owned(),
        reason: "it answered 410".to_owned(),
    };
    gateway.parts.bus.request_disable_endpoint(&what).await.unwrap();
    let path = format!("{ENDPOINTS}/{id}");
    let read = gateway.get(&key, &path).await.expect(200);
    assert_eq!(read["disabled"]["reason"], "it answered 410");
    let test = gateway.post(&key, &format!("{path}/test"), &json!({})).await;
    assert_eq!(test.error(409), "conflict");
    let enabled = gateway.post(&key, &format!("{path}/enable"), &json!({})).await.expect(200);
    assert!(enabled.get("disabled").is_none());
    let gone = DisableEndpoint { endpoint_id: "ep_none".to_owned(), ..what };
    gateway.parts.bus.request_disable_endpoint(&gone).await.unwrap();
}

#[tokio::test]
async fn a_test_send_is_a_delivery() {
    let gateway = TestGateway::start().await;
    let key = gateway.user_key("acme").await;
    let made = register(&gateway, &key).await;
    let path = format!("{ENDPOINTS}/{}/test", made["id"].as_str().unwrap());
    let sent = gateway.post(&key, &path, &json!({})).await.expect(202);
    let delivery = pulled(&gateway).await;
    assert_eq!(sent["delivery_id"], delivery.id.to_string());
    assert_eq!(delivery.event_type, "webhook.test");
    let body: Value = serde_json::from_str(&delivery.body).unwrap();
    assert_eq!(body["id"], delivery.event_id.to_string());
}

#[tokio::test]
async fn a_dead_delivery_is_sent_again_under_its_own_id() {
    let gateway = TestGateway::start().await;
    let (key, other) = (gateway.user_key("acme").await, gateway.user_key("other").await);
    let made = register(&gateway, &key).await;
    let event = dead(&gateway, made["id"].as_str().unwrap(), 1).await;
    let path = format!("/v1/webhooks/deliveries/{}", event.id);
    assert_eq!(gateway.get(&other, &path).await.error(404), "not_found");
    assert_eq!(gateway.get(&key, &path).await.expect(200)["status"], "dead");

    let retry = format!("{path}/retry");
    assert_eq!(gateway.post(&key, &retry, &json!({})).await.expect(202)["status"], "pending");
    let delivery = pulled(&gateway).await;
    assert_eq!((delivery.id, delivery.event_id), (event.id, event.event_id));
    assert!(delivery.manual);
    assert_eq!(gateway.post(&key, &retry, &json!({})).await.error(409), "conflict");
}

#[tokio::test]
async fn deliveries_are_listed_and_recovered_by_endpoint_and_time() {
    let gateway = TestGateway::start().await;
    let key = gateway.user_key("acme").await;
    let made = register(&gateway, &key).await;
    let id = made["id"].as_str().unwrap();
    let first = dead(&gateway, id, 1).await;
    let second = dead(&gateway, id, 2).await;
    dead(&gateway, "ep_other", 3).await;

    let list = format!("/v1/webhooks/deliveries?status=dead&endpoint={id}&limit=1");
    let page = gateway.get(&key, &list).await.expect(200);
    assert_eq!(page["data"][0]["id"], second.id.to_string());
    let next = format!("{list}&cursor={}", page["next_cursor"].as_str().unwrap());
    let page = gateway.get(&key, &next).await.expect(200);
    assert_eq!(page["data"][0]["id"], first.id.to_string());
    assert_eq!(page["has_more"], false);
    let wrong = gateway.get(&key, "/v1/webhooks/deliveries?status=lost").await.expect(422);
    assert_eq!(wrong["error"]["param"], "status");

    let body = json!({ "since": second.created_at.to_string() });
    let recover = format!("{ENDPOINTS}/{id}/recover");
    let recovered = gateway.post(&key, &recover, &body).await.expect(202);
    assert_eq!(recovered, json!({ "recovered": 1, "has_more": false }));
    assert_eq!(pulled(&gateway).await.id, second.id);
}

#[tokio::test]
async fn secrets_and_public_keys_are_where_receivers_look() {
    let gateway = TestGateway::start().await;
    let key = gateway.user_key("acme").await;
    let secret = gateway.get(&key, "/v1/webhooks/secret").await.expect(200);
    let other = gateway.user_key("other").await;
    let of_other = gateway.get(&other, "/v1/webhooks/secret").await.expect(200);
    assert!(decode_secret(secret["secret"].as_str().unwrap()).is_some());
    assert_ne!(secret["secret"], of_other["secret"]);
    let keys = send(gateway.request(Method::GET, "/v1/webhooks/keys")).await.expect(200);
    assert!(keys["data"][0]["public_key"].as_str().unwrap().starts_with("whpk_"));
    let jwks = send(gateway.request(Method::GET, "/.well-known/jwks.json")).await.expect(200);
    assert_eq!(jwks["keys"][0]["crv"], "Ed25519");
}
