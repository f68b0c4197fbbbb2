//! Whatever a caller may send to the OpenAI-shaped routes.

/// A body names its model, or the mistake is told; who sees it after us reads the same.
pub fn peek(data: &[u8]) {
    match super::peek::peek(data) {
        Ok(peek) => {
            // What is not looked at is checked later, or is the provider's business.
            let body = serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(data);
            let Ok(body) = body else { return };
            assert_eq!(body.get("model").and_then(|model| model.as_str()), peek.model.as_deref());
            assert_eq!(body.get("stream").is_some_and(|stream| *stream == true), peek.stream);
        }
        Err(error) => assert!(!error.body().error.message.is_empty()),
    }
}
