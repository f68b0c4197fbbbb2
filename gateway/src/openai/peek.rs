//! The few fields of a body that routing needs.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::api::{ApiError, parse_json};

/// What is looked at; everything else is the provider's business.
#[derive(Debug, Deserialize)]
struct Looked<'a> {
    #[serde(borrow, default)]
    model: Option<&'a RawValue>,
    #[serde(borrow, default)]
    stream: Option<&'a RawValue>,
}

/// The routing fields of a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Peek {
    /// The model, when it is named.
    pub(super) model: Option<String>,
    /// Whether the answer is wanted as it grows.
    pub(super) stream: bool,
}

/// Looks at a body. What is not JSON is answered with its place, a model that is no text by its name.
pub(super) fn peek(body: &[u8]) -> Result<Peek, ApiError> {
    // A list would be read as the fields in their order.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    let Some(looked) = serde_json::from_slice::<Looked<'_>>(body).ok().filter(|_| is_object) else {
        // Tells what is wrong: not JSON, or no object. What is both has a field twice.
        parse_json::<serde_json::Map<String, serde_json::Value>>(body)?;
        return Err(ApiError::malformed("The body has model or stream more than once."));
    };
    let model = match looked.model.map(RawValue::get) {
        None | Some("null") => None,
        Some(text) => Some(
            serde_json::from_str::<Cow<'_, str>>(text)
                .map_err(|_| ApiError::invalid_field("model", "must be a text"))?
                .into_owned(),
        ),
    };
    let stream = looked.stream.is_some_and(|stream| stream.get() == "true");
    Ok(Peek { model, stream })
}

#[cfg(test)]
mod tests {
    use common::error_code::ErrorCode;

    use super::*;

    #[test]
    fn routing_fields_are_found_among_unknown_ones() {
        let found =
            peek(br#"{"x":{"model":"no"},"model":"a/b","stream":true,"messages":[]}"#).unwrap();
        assert_eq!(found, Peek { model: Some("a/b".into()), stream: true });
        assert_eq!(peek(b"{}").unwrap(), Peek { model: None, stream: false });
    }

    #[test]
    fn what_can_not_be_read_is_told() {
        let error = peek(b"{\"model\": \"m\",\n oops}").unwrap_err();
        assert_eq!(error.code(), ErrorCode::MalformedRequest);
        assert!(error.message().contains("line 2"), "{}", error.message());
        assert_eq!(peek(br#"{"model":7}"#).unwrap_err().fields()[0].field, "model");
        assert!(peek(b"[]").is_err());
    }
}
