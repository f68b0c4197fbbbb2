//! Embeddings: a vector for each text, as numbers or, as the SDKs ask for, as base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};

/// What is to be embedded.
pub(super) struct Texts {
    count: usize,
    base64: bool,
}

impl Texts {
    /// From the body of a request.
    pub(super) fn of(body: &Value) -> Self {
        let count = body["input"].as_array().map_or(1, Vec::len);
        Self { count, base64: body["encoding_format"] == "base64" }
    }
}

/// The whole answer. The numbers of the first vector are spelled in an unusual way, on purpose.
pub(super) fn embeddings(model: &str, texts: &Texts) -> Bytes {
    let items: Vec<String> = (0..texts.count)
        .map(|index| {
            let vector = if texts.base64 { as_base64(index) } else { as_numbers(index) };
            format!(r#"{{"object":"embedding","index":{index},"embedding":{vector}}}"#)
        })
        .collect();
    format!(
        r#"{{"object":"list","data":[{}],"model":{},"usage":{{"prompt_tokens":3,"total_tokens":3}}}}"#,
        items.join(","),
        Value::from(model),
    )
    .into()
}

fn as_numbers(index: usize) -> String {
    format!("[{index}.250,-1.5e-3]")
}

fn as_base64(index: usize) -> String {
    let vector = [index as f32 + 0.25, -1.5e-3];
    let bytes: Vec<u8> = vector.iter().flat_map(|number| number.to_le_bytes()).collect();
    json!(STANDARD.encode(bytes)).to_string()
}
