//! Checks of the OpenAI-shaped bodies. Only what Millrace itself depends on is checked; every other field belongs
//! to the provider and passes through untouched.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{FieldError, FieldErrors};

#[derive(Deserialize)]
struct Chat<'a> {
    #[serde(borrow, default)]
    messages: Option<&'a RawValue>,
    #[serde(borrow, default)]
    stream: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Embeddings<'a> {
    #[serde(borrow, default)]
    input: Option<&'a RawValue>,
}

pub(super) fn check_chat(input: &RawValue) -> Result<(), Vec<FieldError>> {
    let mut errors = FieldErrors::default();
    match serde_json::from_str::<Chat<'_>>(input.get()) {
        Ok(chat) => {
            let filled = chat.messages.is_some_and(|raw| is_filled_array(raw.get()));
            errors.check(filled, "messages", "must be a list with at least one message");
            let boolean =
                chat.stream.is_none_or(|raw| matches!(raw.get(), "true" | "false" | "null"));
            errors.check(boolean, "stream", "must be true or false");
        }
        Err(_) => errors.push("", "must be a JSON object"),
    }
    errors.into_result()
}

pub(super) fn check_embeddings(input: &RawValue) -> Result<(), Vec<FieldError>> {
    let mut errors = FieldErrors::default();
    match serde_json::from_str::<Embeddings<'_>>(input.get()) {
        Ok(body) => {
            let given = body
                .input
                .is_some_and(|raw| raw.get().starts_with('"') || is_filled_array(raw.get()));
            errors.check(given, "input", "must be a text, or a list of texts or of token lists");
        }
        Err(_) => errors.push("", "must be a JSON object"),
    }
    errors.into_result()
}

fn is_filled_array(json: &str) -> bool {
    json.strip_prefix('[').is_some_and(|rest| !rest.trim_start().starts_with(']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn unknown_fields_are_the_providers_business() {
        let body = r#"{"messages":[{"role":"user","content":"hi"}],"top_k":4,"guided_json":{}}"#;
        assert!(check_chat(&raw(body)).is_ok());
    }

    #[test]
    fn each_wrong_field_is_named() {
        let errors = check_chat(&raw(r#"{"messages":[],"stream":"yes"}"#)).unwrap_err();
        let fields: Vec<_> = errors.iter().map(|error| error.field.as_str()).collect();
        assert_eq!(fields, ["messages", "stream"]);
        assert!(check_embeddings(&raw("{}")).is_err());
    }
}
