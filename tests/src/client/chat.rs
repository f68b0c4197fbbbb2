//! What callers do with language models.

use serde_json::{Value, json};

use super::{Call, Client};
use crate::wait::eventually;

impl Client {
    /// A chat with one message, to be sent in whichever style.
    pub fn chat(&self, model: &str) -> Call {
        self.post("/v1/chat/completions").json(&body(model, false))
    }

    /// The same as a stream.
    pub fn streamed_chat(&self, model: &str) -> Call {
        self.post("/v1/chat/completions").json(&body(model, true))
    }

    /// Waits until the gateway knows that a worker offers the model.
    pub async fn knows(&self, model: &str) {
        eventually("the gateway knows the model", async || {
            let models = self.get("/v1/models").send().await.expect(200);
            let data = models["data"].as_array().cloned().unwrap_or_default();
            data.iter().any(|known| known["id"] == model && known["available"] == true)
        })
        .await;
    }
}

fn body(model: &str, stream: bool) -> Value {
    let messages = json!([{ "role": "user", "content": "hello" }]);
    if stream {
        json!({ "model": model, "messages": messages, "stream": true })
    } else {
        json!({ "model": model, "messages": messages })
    }
}
