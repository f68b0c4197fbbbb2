//! The official OpenAI SDKs, which differ from their everyday use in base URL and key only.

use serde_json::json;
use tests::upstream::Upstream;
use tests::{Fleet, Role, Sdk};

#[tokio::test]
async fn the_openai_sdks_list_chat_stream_and_embed() {
    let upstream = Upstream::start(&["tiny", "vectors"]).await;
    let mut fleet = Fleet::builder().with(Role::Gateway, 2).llm(&upstream.url()).start().await;
    let client = fleet.client();
    client.knows("tiny").await;
    client.knows("vectors").await;
    let key = client.new_key("acme").await;
    for sdk in Sdk::ALL {
        let environment = [
            ("MILLRACE_URL", client.base()),
            ("MILLRACE_KEY", &key),
            ("MILLRACE_CHAT_MODEL", "tiny"),
            ("MILLRACE_EMBEDDING_MODEL", "vectors"),
            ("MILLRACE_EXPECTED_ANSWER", "Hello from the scripted upstream."),
        ];
        let ran = sdk.run("openai_story", &environment, "").await;
        assert_eq!(ran.code, 0, "{sdk:?}: {}\n{}", ran.stdout, ran.stderr);
        for step in [
            "models: 2",
            "chat: ",
            "stream: ",
            "embeddings: 2",
            "unknown model: 404",
            "wrong key: 401",
        ] {
            assert!(ran.stdout.contains(step), "{sdk:?} {step}: {}", ran.stdout);
        }
    }
    // Each asked for itself; nothing was answered from elsewhere.
    assert_eq!(upstream.asked().len(), 6);
}

#[tokio::test]
async fn what_an_sdk_does_not_know_passes_through() {
    let upstream = Upstream::start(&["tiny"]).await;
    let mut fleet = Fleet::builder().llm(&upstream.url()).start().await;
    let client = fleet.client();
    client.knows("tiny").await;
    let body = json!({
        "model": "tiny", "messages": [{"role": "user", "content": "Hi"}],
        "guided_json": {"type": "object"}, "top_k": 4,
    });
    let answer = client.post("/v1/chat/completions").json(&body).send().await;
    assert!(answer.text().contains(r#""x_cost":1.50"#), "{}", answer.text());
    let asked: serde_json::Value = serde_json::from_slice(&upstream.asked()[0].body).unwrap();
    assert_eq!((&asked["guided_json"], &asked["top_k"]), (&body["guided_json"], &body["top_k"]));
}
