//! Answers that are the same for everybody, made once.

use bytes::Bytes;
use serde_json::{Value, json};

/// What the mock upstream says.
pub(super) struct Answers {
    /// The list of models: `mock`, or `mock-0` and so on when there are several.
    pub(super) models: Bytes,
    /// A whole chat of about 1 KiB.
    pub(super) chat: Bytes,
}

impl Answers {
    pub(super) fn new(models: usize) -> Self {
        let model =
            |id: String| json!({"id": id, "object": "model", "created": 0, "owned_by": "bench"});
        let all: Vec<Value> = (0..models).map(|index| model(name(models, index))).collect();
        let chat = json!({
            "id": "chatcmpl-bench", "object": "chat.completion", "created": 0, "model": "mock",
            "choices": [{"index": 0, "finish_reason": "stop",
                "message": {"role": "assistant", "content": "x".repeat(800)}}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
        });
        Self {
            models: json!({"object": "list", "data": all}).to_string().into(),
            chat: chat.to_string().into(),
        }
    }
}

/// The name of one of so many models.
pub(crate) fn name(models: usize, index: usize) -> String {
    if models == 1 { "mock".to_owned() } else { format!("mock-{index}") }
}
