//! The engine against a real llama.cpp server.

use super::upstream::Llama;
use super::*;

fn chat_with(model: &str, options: &str, stream: bool) -> RunContext {
    let input =
        format!(r#"{{"messages":[{{"role":"user","content":"hi"}}],"stream":{stream}{options}}}"#);
    testing::context("chat", model, &input, stream)
}

#[tokio::test]
async fn a_real_server_does_it_all() {
    common::telemetry::install_crypto();
    let llama = Llama::start(&[]).await;
    let engine = LlmEngine::new(vec![EndpointOptions::new(llama.url())]).unwrap();
    discover(&engine).await;
    let mut models: Vec<_> = engine.offers().into_iter().map(|offer| offer.model).collect();
    models.sort();
    assert_eq!(models, ["embed", "endless", "script"]);

    let whole = engine.run(&chat_with("script", "", false)).await.unwrap();
    assert!(text(&whole).contains("Hello from the scripted model."));
    assert!(whole.usage.unwrap().get().contains("\"completion_tokens\":6"));

    let streamed = engine.run(&chat_with("script", "", true)).await.unwrap();
    assert!(text(&streamed).contains(r#""finish_reason": "stop""#));
    assert!(text(&streamed).trim_end().ends_with("data: [DONE]"));

    let limited = engine.run(&chat_with("endless", r#","max_tokens":7"#, true)).await.unwrap();
    assert!(text(&limited).contains(r#""finish_reason": "length""#));

    let input = r#"{"input":["one text","another"]}"#;
    let embedded =
        engine.run(&testing::context("embeddings", "embed", input, false)).await.unwrap();
    assert_eq!(text(&embedded).matches("\"embedding\":[").count(), 2);

    let too_long =
        format!(r#"{{"messages":[{{"role":"user","content":"{}"}}]}}"#, "a".repeat(2000));
    let refused = engine.run(&testing::context("chat", "script", &too_long, false)).await;
    let (code, message) = failed(refused);
    assert_eq!(code, ErrorCode::UpstreamRejected);
    assert!(message.contains("maximum context length is 1024 tokens"), "{message}");

    // The server serves one request at a time: the last answer proves that the endless one was stopped.
    let endless = chat_with("endless", "", true);
    let stop = async {
        while !endless.reply.has_sent() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        endless.cancel.cancel();
    };
    let (outcome, ()) = tokio::join!(engine.run(&endless), stop);
    assert!(matches!(outcome, Err(EngineError::Canceled)));
    let next = chat_with("script", "", false);
    let next = tokio::time::timeout(Duration::from_secs(10), engine.run(&next)).await;
    assert!(next.expect("the endless answer was stopped").is_ok());
}
