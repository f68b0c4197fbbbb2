//! An error on the wire.

use std::time::Duration;

use axum::response::{IntoResponse, Response};
use common::error_code::ErrorCode;
use common::operation::FieldError;
use http::HeaderValue;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use serde::Serialize;
use utoipa::ToSchema;

use super::{ApiError, Cause, Parts};

/// Why a request failed, for the request log only; in the response's extensions.
#[derive(Clone)]
pub(crate) struct ErrorCause(pub Cause);

/// The body of every answer that is an error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// An error as callers read it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorDetail {
    /// A sentence for people.
    pub message: String,
    /// The family of the code, in OpenAI's words.
    #[serde(rename = "type")]
    #[schema(example = "invalid_request_error")]
    pub kind: String,
    /// The field that is wrong, when it is one; the first of them when there are several.
    pub param: Option<String>,
    /// The code that programs may depend on.
    pub code: ErrorCode,
    /// Every field that is wrong.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldError>,
}

impl ApiError {
    /// The body of the answer.
    pub(crate) fn body(&self) -> ErrorBody {
        ErrorBody {
            error: ErrorDetail {
                message: self.0.message.clone().into_owned(),
                kind: self.0.code.kind().to_owned(),
                param: self.0.param.clone(),
                code: self.0.code,
                fields: self.0.fields.clone(),
            },
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = serde_json::to_vec(&self.body()).unwrap_or_default();
        let status = self.status();
        let Parts { code, headers, retry_after, cause, .. } = *self.0;
        let mut response = (status, body).into_response();
        let answer = response.headers_mut();
        answer.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(delay) = retry_after {
            answer.insert(RETRY_AFTER, whole_seconds(delay).into());
        }
        if !is_worth_repeating(code) {
            // The OpenAI SDKs repeat every 409 and 504 twice unless they are told not to.
            answer.insert("x-should-retry", HeaderValue::from_static("false"));
        }
        answer.extend(headers);
        if let Some(cause) = cause {
            response.extensions_mut().insert(ErrorCause(cause));
        }
        response
    }
}

fn whole_seconds(delay: Duration) -> u64 {
    delay.as_secs() + u64::from(delay.subsec_nanos() > 0)
}

fn is_worth_repeating(code: ErrorCode) -> bool {
    !matches!(
        code,
        ErrorCode::Conflict
            | ErrorCode::Canceled
            | ErrorCode::IdempotencyMismatch
            | ErrorCode::WaitTimeout
            | ErrorCode::DeadlineExceeded
    )
}

#[cfg(test)]
mod tests {
    use common::bus::{BusError, PublishError};
    use http::{HeaderMap, StatusCode};

    use super::*;

    async fn answer(error: ApiError) -> (StatusCode, HeaderMap, serde_json::Value) {
        let (head, body) = error.into_response().into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 20).await.unwrap();
        (head.status, head.headers, serde_json::from_slice(&bytes).unwrap())
    }

    #[tokio::test]
    async fn the_body_has_the_shape_that_openai_clients_read() {
        let (status, _, body) = answer(ApiError::invalid_field("input.width", "is odd")).await;
        assert_eq!(status, 422);
        assert_eq!(body["error"]["type"], "invalid_request_error");
        assert_eq!(body["error"]["code"], "invalid_request");
        assert_eq!(body["error"]["param"], "input.width");
        assert_eq!(body["error"]["fields"][0]["message"], "is odd");
    }

    #[tokio::test]
    async fn the_cause_of_a_server_fault_stays_here() {
        let error = ApiError::from(BusError::Unavailable("10.0.0.7 refused".to_owned()));
        let (status, headers, body) = answer(error).await;
        assert_eq!(status, 503);
        assert_eq!(headers[RETRY_AFTER], "2");
        assert!(!body.to_string().contains("10.0.0.7"));
        let response = ApiError::internal("the disk is gone").into_response();
        let ErrorCause(cause) = response.extensions().get().unwrap();
        assert_eq!(cause.to_string(), "the disk is gone");
    }

    #[tokio::test]
    async fn clients_are_told_not_to_repeat_a_conflict() {
        let (_, headers, _) = answer(ApiError::conflict("It has ended.")).await;
        assert_eq!(headers["x-should-retry"], "false");
        let (_, headers, _) = answer(ApiError::from(PublishError::Full)).await;
        assert!(!headers.contains_key("x-should-retry"));
    }

    #[test]
    fn part_seconds_are_rounded_up() {
        assert_eq!(whole_seconds(Duration::from_millis(1200)), 2);
        assert_eq!(whole_seconds(Duration::from_secs(3)), 3);
    }
}
