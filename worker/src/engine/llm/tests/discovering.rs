//! Which models are offered, and which endpoint answers.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::*;

fn offered(engine: &LlmEngine) -> Vec<String> {
    engine.offers().into_iter().map(|offer| offer.model).collect()
}

#[tokio::test]
async fn what_the_endpoint_lists_is_offered() {
    let upstream = Upstream::start(&["a", "b"]).await;
    let engine = engine(&[&upstream], |_| {}).await;
    assert_eq!(offered(&engine), ["a", "b"]);
    assert_eq!(engine.offers()[0].operations, ["chat", "embeddings"]);
    upstream.lists(&["b", "c"]);
    discover(&engine).await;
    assert_eq!(offered(&engine), ["b", "c"]);
}

#[tokio::test]
async fn an_endpoint_that_is_down_offers_nothing_until_it_is_back() {
    let upstream = Upstream::start(&["a"]).await;
    let engine = engine(&[&upstream], |options| options.models = vec!["a".into()]).await;
    upstream.refuses_to_list(503);
    discover(&engine).await;
    assert_eq!(offered(&engine), ["a"], "one miss is no failure");
    discover(&engine).await;
    assert_eq!(offered(&engine), [""; 0]);
    let waiting = engine.run(&testing::context("chat", "a", CHAT, false)).await;
    assert!(matches!(waiting, Err(EngineError::Snooze { .. })), "nobody is to blame");
    upstream.lists(&["a"]);
    discover(&engine).await;
    assert_eq!(offered(&engine), ["a"]);
}

#[tokio::test]
async fn an_endpoint_without_a_list_offers_what_is_configured() {
    let upstream = Upstream::start(&[]).await;
    upstream.refuses_to_list(404);
    let silent = engine(&[&upstream], |_| {}).await;
    assert_eq!(offered(&silent), [""; 0]);
    let engine = engine(&[&upstream], |options| options.models = vec!["named".into()]).await;
    assert_eq!(offered(&engine), ["named"]);
    assert!(engine.run(&testing::context("chat", "named", CHAT, false)).await.is_ok());
}

#[tokio::test]
async fn endpoints_with_the_model_take_turns() {
    let (one, two) = (Upstream::start(&[MODEL]).await, Upstream::start(&[MODEL]).await);
    let engine = engine(&[&one, &two], |_| {}).await;
    for _ in 0..4 {
        engine.run(&chat()).await.unwrap();
    }
    assert_eq!((one.asked().len(), two.asked().len()), (2, 2));
}

#[tokio::test]
async fn an_endpoint_that_can_not_be_reached_passes_the_question_on() {
    let (one, two) = (Upstream::start(&[MODEL]).await, Upstream::start(&[MODEL]).await);
    let engine = engine(&[&one, &two], |_| {}).await;
    drop(one);
    for _ in 0..2 {
        engine.run(&chat()).await.unwrap();
    }
    assert_eq!(two.asked().len(), 2);
}

#[tokio::test]
async fn models_are_asked_for_again_and_again_until_the_stop() {
    let upstream = Upstream::start(&["a"]).await;
    let engine = Arc::new(
        engine(&[&upstream], |options| options.discovery_interval = Duration::from_millis(20))
            .await,
    );
    let stop = CancellationToken::new();
    let keep = engine.maintain(&stop);
    let story = async {
        upstream.lists(&["b"]);
        upstream.listed_again(3).await;
        stop.cancel();
    };
    tokio::time::timeout(Duration::from_secs(10), async { tokio::join!(keep, story) })
        .await
        .expect("maintaining ends with the stop");
    assert_eq!(offered(&engine), ["b"]);
}

#[tokio::test]
async fn a_suspected_endpoint_is_asked_at_once() {
    let upstream = Upstream::start(&["a"]).await;
    let engine =
        engine(&[&upstream], |options| options.discovery_interval = Duration::from_hours(1)).await;
    let stop = CancellationToken::new();
    let story = async {
        upstream.listed_again(1).await;
        engine.endpoints.iter().for_each(super::super::Endpoint::suspect);
        upstream.listed_again(1).await;
        stop.cancel();
    };
    tokio::join!(engine.maintain(&stop), story);
}

#[tokio::test]
async fn wrong_settings_are_told() {
    common::telemetry::install_crypto();
    assert!(LlmEngine::new(vec![EndpointOptions::new("localhost")]).is_err());
    let mut options = EndpointOptions::new("http://localhost");
    options.key = Some("a\nb".into());
    let error =
        LlmEngine::new(vec![options]).err().expect("a line break can not stand in a header");
    assert!(!error.to_string().contains("a\nb"));
}
