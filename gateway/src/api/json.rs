//! JSON bodies, in and out.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use super::{ApiBody, ApiError};

/// A JSON body that is read as, or written from, `T`. What can not be read is answered with our error body.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ApiJson<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let body = ApiBody::from_request(request, state).await?;
        body.expect_json()?;
        parse_json(&body.bytes).map(Self)
    }
}

impl<T: Serialize> IntoResponse for ApiJson<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => ([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes)
                .into_response(),
            Err(error) => ApiError::internal(error).into_response(),
        }
    }
}

/// Reads JSON. What is not JSON is malformed, with line and column; what is JSON of another shape is invalid, with
/// the path of the field.
pub(crate) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        // The path costs time, so it is looked for only when something is wrong.
        Category::Data => wrong_field::<T>(bytes, &error),
        Category::Syntax | Category::Eof | Category::Io if bytes.is_empty() => {
            ApiError::malformed("The body is empty; this route reads JSON.")
        }
        Category::Syntax | Category::Eof | Category::Io => ApiError::malformed(format!(
            "The body is not JSON: {} at line {}, column {}.",
            bare(&error),
            error.line(),
            error.column()
        )),
    })
}

fn wrong_field<T: DeserializeOwned>(bytes: &[u8], plain: &serde_json::Error) -> ApiError {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    match serde_path_to_error::deserialize::<_, T>(&mut reader) {
        Err(error) => field_error(&error.path().to_string(), &bare(error.inner())),
        Ok(_) => field_error("", &bare(plain)),
    }
}

/// Serde names a missing or unknown field in words only; here it becomes the path.
fn field_error(path: &str, message: &str) -> ApiError {
    let path = if path == "." || path.is_empty() { None } else { Some(path) };
    let field = match (path, missing_field(message)) {
        (Some(path), Some(name)) => format!("{path}.{name}"),
        (None, Some(name)) => name.to_owned(),
        (Some(path), None) => path.to_owned(),
        (None, None) => "body".to_owned(),
    };
    ApiError::invalid_field(field, message)
}

fn missing_field(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split('`').next()
}

/// The words of an error without its position.
fn bare(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text[..end].to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use common::error_code::ErrorCode;
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Outer {
        inner: Inner,
        raw: Option<Box<serde_json::value::RawValue>>,
    }

    #[derive(Debug, Deserialize)]
    #[expect(dead_code, reason = "only its shape matters")]
    struct Inner {
        width: u32,
    }

    #[test]
    fn what_is_not_json_is_answered_with_its_place() {
        let error = parse_json::<Outer>(b"{\n  \"inner\": ,}").unwrap_err();
        assert_eq!(error.code(), ErrorCode::MalformedRequest);
        assert!(error.message().contains("line 2, column 12"), "{}", error.message());
        let error = parse_json::<Outer>(b"").unwrap_err();
        assert!(error.message().contains("empty"));
        let error = parse_json::<Outer>(b"{\"inner\":{\"width\":1}} x").unwrap_err();
        assert_eq!(error.code(), ErrorCode::MalformedRequest);
    }

    #[test]
    fn a_wrong_field_is_named_by_its_path() {
        let field = |body: &str| {
            let error = parse_json::<Outer>(body.as_bytes()).unwrap_err();
            assert_eq!(error.code(), ErrorCode::InvalidRequest);
            error.fields()[0].field.clone()
        };
        assert_eq!(field(r#"{"inner":{"width":"big"}}"#), "inner.width");
        assert_eq!(field(r#"{"inner":{}}"#), "inner.width");
        assert_eq!(field("{}"), "inner");
        assert_eq!(field(r#"{"inner":{"width":1},"extra":true}"#), "extra");
        assert_eq!(field("3"), "body");
    }

    #[test]
    fn a_good_body_is_read_with_its_raw_parts() {
        let outer: Outer = parse_json(br#"{"inner":{"width":2},"raw":{"a": 1.50}}"#).unwrap();
        assert_eq!(outer.raw.unwrap().get(), r#"{"a": 1.50}"#);
    }
}
