//! Answers that come as a stream.

use bytes::Bytes;

use super::upstream::{Answer, End};
use super::*;

const DONE: &str = "data: [DONE]\n\n";

fn raw(parts: &[&str]) -> Answer {
    let parts = parts.iter().map(|part| Bytes::copy_from_slice(part.as_bytes())).collect();
    Answer::Raw { content_type: "text/event-stream; charset=utf-8", parts }
}

#[tokio::test]
async fn a_stream_is_passed_on_as_it_came() {
    let (upstream, engine) = pair().await;
    let head = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"gr\u{fc}\u{df}e\"}}],\"x\":1.50}\r\n\r\n";
    let tail =
        "event: end\ndata: {\"choices\":[{\"index\":0,\ndata: \"finish_reason\":\"stop\"}]}\n\n";
    upstream.will(raw(&[": wait\n\n", &head[..40], &head[40..], tail, DONE]));
    let context = streamed_chat();
    let output = engine.run(&context).await.unwrap();
    assert_eq!(text(&output), [head, tail, DONE].concat());
    assert_eq!(output.content_type, "text/event-stream");
    assert!(context.reply.has_sent());
}

#[tokio::test]
async fn the_usage_is_known_and_shown_to_those_who_asked() {
    let (upstream, engine) = pair().await;
    let output = engine.run(&streamed_chat()).await.unwrap();
    assert!(output.usage.unwrap().get().contains("\"total_tokens\":8"));
    assert!(!String::from_utf8_lossy(&output.body).contains("usage"));
    assert!(upstream.asked()[0].text().ends_with(r#""stream_options":{"include_usage":true}}"#));

    let asking = r#"{"stream":true,"stream_options":{"include_usage":true}}"#;
    let output = engine.run(&testing::context("chat", MODEL, asking, true)).await.unwrap();
    assert!(text(&output).contains("\"total_tokens\":8"));
    assert!(text(&output).ends_with(DONE));
}

#[tokio::test]
async fn an_upstream_without_stream_options_is_not_asked_twice() {
    let (upstream, engine) = pair().await;
    upstream.will(Answer::refusal(422, "stream_options: Extra inputs are not permitted"));
    engine.run(&streamed_chat()).await.unwrap();
    engine.run(&streamed_chat()).await.unwrap();
    let asked = upstream.asked();
    assert_eq!(asked.len(), 3);
    assert!(asked[0].text().contains("include_usage"));
    assert!(asked[1..].iter().all(|asked| !asked.text().contains("stream_options")));
}

#[tokio::test]
async fn what_breaks_before_the_first_byte_is_retried() {
    let (upstream, engine) = impatient_pair().await;
    let silent = Answer::stream(0, End::Silence);
    for (answer, code) in [
        (Answer::Cut, ErrorCode::UpstreamFailed),
        (Answer::stream(0, End::Cut), ErrorCode::UpstreamFailed),
        (Answer::stream(0, End::Abrupt), ErrorCode::UpstreamFailed),
        (Answer::stream(0, End::WithoutFinish), ErrorCode::UpstreamFailed),
        (Answer::stream(0, End::Event("{garbage".into())), ErrorCode::UpstreamFailed),
        (
            Answer::stream(0, End::Event(r#"{"error":{"message":"x"}}"#.into())),
            ErrorCode::UpstreamFailed,
        ),
        (Answer::garbage(), ErrorCode::UpstreamFailed),
        (Answer::rate_limited("1"), ErrorCode::UpstreamFailed),
        (Answer::Silence, ErrorCode::UpstreamTimeout),
        (silent, ErrorCode::UpstreamTimeout),
        (raw(&[": only\n\n", ": comments\n\n"]), ErrorCode::UpstreamFailed),
    ] {
        let told = format!("{answer:?}");
        upstream.will(answer);
        let context = streamed_chat();
        assert_eq!(retried(engine.run(&context).await).0, code, "{told}");
        assert!(!context.reply.has_sent(), "{told}");
    }
}

#[tokio::test]
async fn what_breaks_after_the_first_byte_ends_the_job() {
    let (upstream, engine) = impatient_pair().await;
    let pause = Duration::from_millis(5);
    for end in [
        End::Cut,
        End::Abrupt,
        End::WithoutFinish,
        End::Silence,
        End::Event("{garbage".into()),
        End::Event(r#"{"error":{"message":"out of memory","code":500}}"#.into()),
    ] {
        let told = format!("{end:?}");
        upstream.will(Answer::Stream { tokens: 3, pause, end });
        let context = streamed_chat();
        let (code, message) = failed(engine.run(&context).await);
        assert_eq!(code, ErrorCode::UpstreamFailed, "{told}");
        assert!(message.starts_with("the answer broke off: the "), "{told}: {message}");
        assert!(context.reply.has_sent(), "{told}");
    }
}

#[tokio::test]
async fn a_finished_stream_needs_no_done() {
    let (upstream, engine) = pair().await;
    upstream.will(Answer::stream(3, End::WithoutDone));
    let output = engine.run(&streamed_chat()).await.unwrap();
    assert!(text(&output).contains("\"stop\""));
    assert!(!text(&output).contains("[DONE]"), "what the upstream did not say is not invented");
}

#[tokio::test]
async fn the_first_token_does_not_wait_for_the_last() {
    let (upstream, engine) = pair().await;
    upstream.will(Answer::stream(1, End::Silence));
    let context = streamed_chat();
    let watch = async {
        while !context.reply.has_sent() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        context.cancel.cancel();
    };
    let watched = tokio::time::timeout(Duration::from_secs(10), watch);
    let (outcome, watched) = tokio::join!(engine.run(&context), watched);
    assert!(watched.is_ok());
    assert!(matches!(outcome, Err(EngineError::Canceled)));
}

#[tokio::test]
async fn cancel_in_mid_stream_closes_the_connection() {
    let (upstream, engine) = pair().await;
    let pause = Duration::from_millis(20);
    upstream.will(Answer::Stream { tokens: usize::MAX, pause, end: End::Whole });
    cancel_frees_the_connection(&upstream, &engine, &streamed_chat()).await;
}

#[tokio::test]
async fn a_stream_over_the_limit_is_ended() {
    let (upstream, engine) = pair().await;
    upstream.will(Answer::stream(usize::MAX, End::Whole));
    let (code, message) = failed(engine.run(&streamed_chat()).await);
    assert_eq!(code, ErrorCode::UpstreamFailed);
    assert!(message.contains("8 MiB"), "{message}");
    upstream.clients_left(1).await;
}
