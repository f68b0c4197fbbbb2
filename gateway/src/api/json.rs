//! JSON bodies, in and out.

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use common::operation::FieldError;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use serde::Serialize;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{ApiBody, ApiError, wrong_fields};

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

/// A JSON body of which the right fields were read, and what is wrong with the others: for routes that check more than
/// the shape, and name everything in one answer.
#[derive(Clone, Debug)]
pub(crate) struct ApiFields<T>(pub T, pub Vec<FieldError>);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for ApiFields<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let body = ApiBody::from_request(request, state).await?;
        body.expect_json()?;
        parse_fields(&body.bytes).map(|(read, wrong)| Self(read, wrong))
    }
}

/// Reads a JSON object. What is not JSON is malformed, with line and column; what is JSON of another shape is invalid,
/// with the path of every wrong field.
pub(crate) fn parse_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let (read, wrong) = parse_fields(bytes)?;
    if wrong.is_empty() { Ok(read) } else { Err(ApiError::invalid(wrong)) }
}

/// Reads a JSON object without its wrong fields, and tells what is wrong with those. Fails as [`parse_json`] does when
/// nothing can be made of the rest.
pub(crate) fn parse_fields<T: DeserializeOwned>(
    bytes: &[u8],
) -> Result<(T, Vec<FieldError>), ApiError> {
    // A list would be read as the fields in their order.
    let is_object = bytes.trim_ascii_start().starts_with(b"{");
    if is_object && let Ok(read) = serde_json::from_slice(bytes) {
        return Ok((read, Vec::new()));
    }
    // What is wrong costs time, so it is looked for only now.
    let text = expect_syntax(bytes)?;
    if is_object {
        wrong_fields::read_rest(text).map_err(ApiError::invalid)
    } else {
        Err(ApiError::invalid_field("body", "must be a JSON object"))
    }
}

/// Whether it is JSON, of whatever shape.
fn expect_syntax(bytes: &[u8]) -> Result<&str, ApiError> {
    if bytes.is_empty() {
        return Err(ApiError::malformed("The body is empty; this route reads JSON."));
    }
    if let Err(error) = serde_json::from_slice::<IgnoredAny>(bytes) {
        // The words end with the position, in another form.
        let text = error.to_string();
        let words = text.rfind(" at line ").map_or(text.as_str(), |end| &text[..end]);
        return Err(ApiError::malformed(format!(
            "The body is not JSON: {words} at line {}, column {}.",
            error.line(),
            error.column()
        )));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        ApiError::malformed(format!(
            "The body is not UTF-8 from byte {} on.",
            error.valid_up_to() + 1
        ))
    })
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
        for body in [b"{\"inner\":{\"width\":1}} x".as_slice(), b"{\"inner\":\"\xff\"}"] {
            let error = parse_json::<Outer>(body).unwrap_err();
            assert_eq!(error.code(), ErrorCode::MalformedRequest);
        }
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
        assert_eq!(field(r#"{"inner":{"width":1},"raw":1,"raw":2}"#), "raw");
        assert_eq!(field("3"), "body");
        assert_eq!(field(r#"[{"width":1},null]"#), "body");
    }

    #[test]
    fn a_good_body_is_read_with_its_raw_parts() {
        let outer: Outer = parse_json(br#"{"inner":{"width":2},"raw":{"a": 1.50}}"#).unwrap();
        assert_eq!(outer.raw.unwrap().get(), r#"{"a": 1.50}"#);
    }
}
