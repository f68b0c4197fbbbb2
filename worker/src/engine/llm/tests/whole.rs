//! Answers that come as one document.

use super::upstream::Answer;
use super::*;

#[tokio::test]
async fn bytes_pass_untouched_in_both_directions() {
    let upstream = Upstream::start(&[MODEL]).await;
    let engine = engine(&[&upstream], |options| options.key = Some("sk-test".into())).await;
    let input = r#"{"top_k":4,"temperature":0.70,"model":"tiny","messages":[{"role":"user","content":"gr\u00fc\u00df"}]}"#;
    let context = testing::context("chat", MODEL, input, false);
    let output = engine.run(&context).await.unwrap();
    assert!(text(&output).ends_with(r#""total_tokens":8},"x_cost":1.50}"#));
    assert_eq!(output.content_type, "application/json");
    assert_eq!(
        output.usage.unwrap().get(),
        r#"{"prompt_tokens":3,"completion_tokens":5,"total_tokens":8}"#
    );
    let asked = &upstream.asked()[0];
    assert_eq!(asked.path, "/v1/chat/completions");
    assert_eq!(asked.text(), input);
    assert_eq!(asked.header("authorization"), "Bearer sk-test");
    assert_eq!(asked.header("idempotency-key"), context.job.id.to_string());
    assert_eq!(asked.header("content-type"), "application/json");
}

#[tokio::test]
async fn nobody_waits_for_a_stream_so_none_is_asked_for() {
    let (upstream, engine) = pair().await;
    let input = r#"{"messages":[],"stream":true,"stream_options":{"include_usage":true}}"#;
    engine.run(&testing::context("chat", MODEL, input, false)).await.unwrap();
    assert_eq!(upstream.asked()[0].text(), r#"{"messages":[],"stream":false,"model":"tiny"}"#);
}

#[tokio::test]
async fn embeddings_are_asked_for_on_their_route() {
    let (upstream, engine) = pair().await;
    let context = testing::context("embeddings", MODEL, r#"{"model":"tiny","input":"hi"}"#, true);
    let output = engine.run(&context).await.unwrap();
    assert!(text(&output).contains("[0.250,-1.5e-3]"));
    assert_eq!(upstream.asked()[0].path, "/v1/embeddings");
}

#[tokio::test]
async fn an_alias_is_the_callers_name_only() {
    let upstream = Upstream::start(&[MODEL]).await;
    let engine = engine(&[&upstream], |options| {
        options.aliases.insert("fast".into(), MODEL.into());
    })
    .await;
    engine.run(&testing::context("chat", "fast", r#"{"model":"fast"}"#, false)).await.unwrap();
    assert_eq!(upstream.asked()[0].text(), r#"{"model":"tiny"}"#);
}

#[tokio::test]
async fn what_may_pass_is_retried() {
    let (upstream, engine) = pair().await;
    upstream.will(Answer::rate_limited("7"));
    assert_eq!(
        retried(engine.run(&chat()).await),
        (ErrorCode::UpstreamFailed, Some(Duration::from_secs(7)))
    );
    upstream.will(Answer::refusal(500, "boom"));
    assert_eq!(retried(engine.run(&chat()).await), (ErrorCode::UpstreamFailed, None));
    upstream.will(Answer::garbage());
    assert_eq!(retried(engine.run(&chat()).await), (ErrorCode::UpstreamFailed, None));
    upstream.will(Answer::Cut);
    assert_eq!(retried(engine.run(&chat()).await), (ErrorCode::UpstreamFailed, None));
    upstream.will(Answer::Late(Duration::from_millis(50)));
    assert!(engine.run(&chat()).await.is_ok());
}

#[tokio::test]
async fn an_upstream_that_loads_its_model_costs_no_attempt() {
    let (upstream, engine) = pair().await;
    upstream.will(Answer::refusal(503, "Loading model"));
    assert!(matches!(engine.run(&chat()).await, Err(EngineError::Snooze { .. })));
}

#[tokio::test]
async fn the_callers_fault_is_told_without_secrets() {
    let upstream = Upstream::start(&[MODEL]).await;
    let engine = engine(&[&upstream], |options| options.key = Some("hunter2".into())).await;
    let reason =
        "'temperature' is too high for hunter2, see /srv/app/server.py and https://internal/x";
    upstream.will(Answer::refusal(400, reason));
    let (code, message) = failed(engine.run(&chat()).await);
    assert_eq!(code, ErrorCode::UpstreamRejected);
    assert_eq!(
        message,
        "the provider refused the request (400): 'temperature' is too high for [key], see [path] and [url]"
    );
}

#[tokio::test]
async fn a_failure_inside_a_success_is_a_failure() {
    let (upstream, engine) = pair().await;
    let body = r#"{"error":{"message":"no capacity","code":502}}"#;
    upstream.will(Answer::Status { status: 200, headers: Vec::new(), body: body.into() });
    assert_eq!(retried(engine.run(&chat()).await), (ErrorCode::UpstreamFailed, None));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let (upstream, engine) = pair().await;
    let headers = vec![("location", format!("{}/v1/models", upstream.url()))];
    upstream.will(Answer::Status { status: 307, headers, body: String::new() });
    assert_eq!(failed(engine.run(&chat()).await).0, ErrorCode::UpstreamFailed);
    assert_eq!(upstream.asked().len(), 1);
}

#[tokio::test]
async fn an_upstream_that_keeps_silent_is_given_up() {
    let (upstream, engine) = impatient_pair().await;
    upstream.will(Answer::Silence);
    assert_eq!(retried(engine.run(&chat()).await), (ErrorCode::UpstreamTimeout, None));
    upstream.clients_left(1).await;
}

#[tokio::test]
async fn an_upstream_that_is_gone_is_retried() {
    let (upstream, engine) = pair().await;
    drop(upstream);
    assert_eq!(retried(engine.run(&chat()).await), (ErrorCode::UpstreamFailed, None));
}

#[tokio::test]
async fn cancel_closes_the_connection() {
    let (upstream, engine) = pair().await;
    upstream.will(Answer::Silence);
    cancel_frees_the_connection(&upstream, &engine, &chat()).await;
}

#[tokio::test]
async fn connections_are_used_again() {
    let (upstream, engine) = pair().await;
    for _ in 0..3 {
        engine.run(&chat()).await.unwrap();
        engine.run(&streamed_chat()).await.unwrap();
    }
    assert_eq!(upstream.open_connections(), 1);
}
