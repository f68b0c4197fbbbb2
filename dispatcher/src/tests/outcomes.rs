//! What becomes of a delivery by what the receiver answers and what is configured.

use std::time::Duration;

use common::clock::{Clock, SystemClock};
use common::webhook::{
    Delivery, DeliveryStatus, Disabled, Endpoint, Verifier, encode_secret, public_key,
};

use super::harness::Stage;
use crate::testing::{BODY, Receiver, Reply, Request, delivery_to};

fn to(receiver: &Receiver) -> Delivery {
    delivery_to(&receiver.url(), SystemClock.now())
}

fn to_endpoint(id: &str, url: &str) -> Delivery {
    Delivery { endpoint_id: Some(id.to_owned()), ..delivery_to(url, SystemClock.now()) }
}

fn verify(request: &Request, key: &str) {
    Verifier::new(key)
        .unwrap()
        .verify(
            request.header("webhook-id"),
            request.header("webhook-timestamp"),
            request.header("webhook-signature"),
            &request.body,
            SystemClock.now(),
        )
        .unwrap();
}

#[tokio::test]
async fn a_delivery_is_taken_logged_and_settled() {
    let stage = Stage::start().await;
    let receiver = Receiver::start(Reply::status(200)).await;
    let delivery = to(&receiver);
    stage.publish(&delivery).await;
    let event = stage.event(&delivery, |event| event.status == DeliveryStatus::Delivered).await;
    assert_eq!((event.attempt, event.attempts.len()), (1, 1));
    assert_eq!(event.attempts[0].response.as_deref(), Some("status 200"));
    let request = receiver.wait_for(1).await.remove(0);
    assert_eq!(request.header("webhook-id"), delivery.event_id.to_string());
    assert_eq!(request.body, BODY);
    let secret = stage.keyring.tenant_webhook_secrets(&delivery.tenant).remove(0);
    verify(&request, &encode_secret(&secret));
    verify(&request, &public_key(&stage.keyring.webhook_ed25519_seed()));
    stage.settled().await;
    let metrics = stage.metrics.encode();
    assert!(metrics.contains(r#"millrace_deliveries_total{outcome="delivered"} 1"#), "{metrics}");
    assert!(metrics.contains("millrace_delivery_running 0"), "{metrics}");
}

#[tokio::test]
async fn what_fails_comes_again_under_one_id_until_it_is_taken() {
    let stage = Stage::start().await;
    let receiver = Receiver::start(Reply::status(500)).await;
    let delivery = to(&receiver);
    stage.publish(&delivery).await;
    receiver.wait_for(2).await;
    receiver.set(Reply::status(204));
    let event = stage.event(&delivery, |event| event.status == DeliveryStatus::Delivered).await;
    let requests = receiver.wait_for(3).await;
    let id = delivery.event_id.to_string();
    assert!(requests.iter().all(|request| request.header("webhook-id") == id));
    assert_eq!(event.attempts.len(), requests.len());
    let numbers: Vec<_> = event.attempts.iter().map(|attempt| attempt.attempt).collect();
    assert!(numbers.iter().copied().eq(1..=event.attempt), "{numbers:?}");
    assert_eq!(event.attempts[0].error.as_deref(), Some("the receiver answered 500"));
    stage.settled().await;
}

#[tokio::test]
async fn out_of_attempts_it_is_dead_and_can_be_asked_for_again() {
    let stage = Stage::start().await;
    let receiver = Receiver::start(Reply::status(302).header("location", "/x")).await;
    let delivery = to(&receiver);
    stage.publish(&delivery).await;
    let dead = stage.event(&delivery, |event| event.status == DeliveryStatus::Dead).await;
    assert_eq!((dead.attempt, receiver.count()), (5, 5));
    assert!(dead.reason.as_ref().unwrap().contains("redirect"));
    receiver.set(Reply::status(200));
    stage.bus.republish_delivery(&dead.again(), Duration::from_secs(5)).await.unwrap();
    let event = stage.event(&delivery, |event| event.status == DeliveryStatus::Delivered).await;
    assert_eq!((event.attempt, event.version > dead.version), (6, true));
}

#[tokio::test]
async fn retry_after_moves_the_next_attempt() {
    let stage = Stage::start().await;
    let receiver = Receiver::start(Reply::status(429).header("retry-after", "3600")).await;
    let delivery = to(&receiver);
    stage.publish(&delivery).await;
    let event = stage.event(&delivery, |event| event.attempt == 1).await;
    let wait = event.next_at.unwrap().since(event.attempts[0].at);
    assert!(wait >= Duration::from_hours(1), "{wait:?}");
    stage.settled().await;
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn a_private_address_is_not_contacted() {
    let stage = Stage::with(|config| {
        config.egress.allow.clear();
        config.egress.allow_http = true;
    })
    .await;
    let receiver = Receiver::start(Reply::status(200)).await;
    let delivery = to(&receiver);
    stage.publish(&delivery).await;
    let dead = stage.event(&delivery, |event| event.status == DeliveryStatus::Dead).await;
    assert!(dead.attempts[0].error.as_ref().unwrap().contains("can not be used"));
    assert_eq!((dead.attempts[0].status, receiver.count()), (None, 0));
}

#[tokio::test]
async fn an_endpoint_is_used_as_it_is_registered_now() {
    let stage = Stage::start().await;
    let receiver = Receiver::start(Reply::status(200)).await;
    stage.register("ep_1", &receiver.url(), &[7; 32]).await;
    let delivery = to_endpoint("ep_1", "http://127.0.0.1:1/old");
    stage.publish(&delivery).await;
    let event = stage.event(&delivery, |event| event.status == DeliveryStatus::Delivered).await;
    assert_eq!(event.url, receiver.url());
    verify(&receiver.wait_for(1).await[0], &encode_secret(&[7; 32]));
}

#[tokio::test]
async fn gone_asks_a_gateway_to_disable_the_endpoint() {
    let stage = Stage::start().await;
    let receiver = Receiver::start(Reply::status(410)).await;
    stage.register("ep_1", &receiver.url(), &[7; 32]).await;
    let mut requests = stage.bus.subscribe_disable_requests().await.unwrap();
    let delivery = to_endpoint("ep_1", &receiver.url());
    stage.publish(&delivery).await;
    let request = requests.next().await.unwrap();
    assert_eq!(request.what.endpoint_id, "ep_1");
    request.answer(Ok(())).await.unwrap();
    let dead = stage.event(&delivery, |event| event.status == DeliveryStatus::Dead).await;
    assert_eq!(dead.attempts[0].status, Some(410));
    stage.settled().await;
    assert_eq!(receiver.count(), 1);
}

#[tokio::test]
async fn nobody_wants_it_any_more() {
    let stage = Stage::start().await;
    let receiver = Receiver::start(Reply::status(200)).await;
    let mut endpoint = stage.register("ep_1", &receiver.url(), &[7; 32]).await;
    let now = SystemClock.now();
    endpoint.disabled = Some(Disabled { at: now, reason: "asked to".to_owned() });
    let key = Endpoint::key(&endpoint.tenant, "ep_1");
    let (_, revision) = stage.config.get::<Endpoint>(&key).unwrap();
    stage.config.update(&key, &endpoint, revision).await.unwrap();
    let disabled = to_endpoint("ep_1", &receiver.url());
    let mut deleted = to_endpoint("ep_2", &receiver.url());
    deleted.created_at = now.minus(Duration::from_mins(1));
    for delivery in [&disabled, &deleted] {
        stage.publish(delivery).await;
        let dead = stage.event(delivery, |event| event.status == DeliveryStatus::Dead).await;
        assert_eq!((dead.attempt, dead.attempts.len()), (0, 0));
        assert!(dead.reason.unwrap().starts_with("the endpoint"));
    }
    stage.settled().await;
    assert_eq!(receiver.count(), 0);
}
