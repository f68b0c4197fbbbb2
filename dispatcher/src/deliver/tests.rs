use std::sync::Arc;

use common::clock::{Clock, SystemClock};
use common::egress::EgressPolicy;
use common::webhook::{Verifier, encode_secret, public_key};

use super::*;
use crate::testing::{BODY, Receiver, Reply, ReplyBody, delivery_to, loopback_allowed};

fn deliverer(total_timeout: Duration) -> Deliverer {
    common::telemetry::install_crypto();
    let policy = EgressPolicy::new(&loopback_allowed());
    let guard = Guard::new(policy, Duration::from_secs(5)).unwrap();
    Deliverer::new(guard, Arc::new(SystemClock), total_timeout, 4096)
}

async fn attempt(receiver: &Receiver, total_timeout: Duration) -> Attempt {
    let delivery = delivery_to(&receiver.url(), SystemClock.now());
    let keys = SigningKeys::new(vec![vec![1; 32], vec![2; 32]], &[3; 32]);
    let url = receiver.url().parse().unwrap();
    deliverer(total_timeout).attempt(&delivery, &url, &keys).await
}

const PLENTY: Duration = Duration::from_secs(15);

#[tokio::test]
async fn what_arrives_verifies_with_every_key() {
    let receiver = Receiver::start(Reply::status(200)).await;
    let attempt = attempt(&receiver, PLENTY).await;
    let answer = attempt.result.unwrap();
    assert_eq!((answer.status, answer.body.as_str()), (200, "status 200"));
    let request = receiver.wait_for(1).await.remove(0);
    assert_eq!(request.body, BODY);
    assert_eq!(request.header("content-type"), "application/json");
    for key in [encode_secret(&[1; 32]), encode_secret(&[2; 32]), public_key(&[3; 32])] {
        Verifier::new(&key)
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
    // The log shows what was sent.
    assert_eq!(attempt.headers["webhook-signature"], request.header("webhook-signature"));
}

#[tokio::test]
async fn a_silent_receiver_costs_no_more_than_the_timeout() {
    let receiver = Receiver::start(Reply::silent()).await;
    let attempt = attempt(&receiver, Duration::from_millis(200)).await;
    assert_eq!(attempt.result, Err(SendError::TimedOut));
    assert!(attempt.duration < Duration::from_secs(5));
}

#[tokio::test]
async fn an_endless_body_takes_nothing_from_the_status() {
    for body in [ReplyBody::Endless, ReplyBody::Flood] {
        let receiver = Receiver::start(Reply::status(202).body(body)).await;
        let attempt = attempt(&receiver, Duration::from_millis(500)).await;
        let answer = attempt.result.unwrap();
        assert_eq!(answer.status, 202);
        assert_eq!(answer.body.len(), 4096);
        assert!(attempt.duration < Duration::from_secs(5));
    }
}

#[tokio::test]
async fn a_compressed_answer_stays_as_it_is() {
    let body = ReplyBody::Text("not really gzip".to_owned());
    let reply = Reply::status(200).header("content-encoding", "gzip").body(body);
    let receiver = Receiver::start(reply).await;
    let answer = attempt(&receiver, PLENTY).await.result.unwrap();
    assert_eq!(answer.body, "not really gzip");
    assert_eq!(receiver.wait_for(1).await[0].header("accept-encoding"), "");
}

#[tokio::test]
async fn no_cookie_and_no_credential_is_sent() {
    let receiver = Receiver::start(Reply::status(200).header("set-cookie", "a=b")).await;
    attempt(&receiver, PLENTY).await.result.unwrap();
    attempt(&receiver, PLENTY).await.result.unwrap();
    for request in receiver.wait_for(2).await {
        assert_eq!((request.header("cookie"), request.header("authorization")), ("", ""));
    }
}

#[tokio::test]
async fn retry_after_is_passed_on() {
    let receiver = Receiver::start(Reply::status(503).header("retry-after", "120")).await;
    let answer = attempt(&receiver, PLENTY).await.result.unwrap();
    assert_eq!(answer.retry_after.as_deref(), Some("120"));
}

#[test]
fn text_is_harmless_and_bounded() {
    assert_eq!(as_text(b"ok\n\x00\x1b[31m", 100), "ok\n\u{fffd}\u{fffd}[31m");
    assert_eq!(as_text("größe".as_bytes(), 4), "grö");
    assert!(as_text(&[0xff; 5000], 4096).len() <= 4096);
}
