//! The one error of the HTTP surface: what a caller reads, and the private cause for the log.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::response::{IntoResponse, Response};
use common::bus::{BusError, ConfigWriteError, PublishError, WriteError};
use common::error_code::ErrorCode;
use common::job::{IllegalTransition, JobError};
use common::objects::ObjectError;
use common::operation::FieldError;
use common::records::RecordsError;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use utoipa::ToSchema;

type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// A request that is refused or failed.
///
/// Inner layers know nothing of HTTP; the `From` impls below decide what their failures mean to a caller. The cause
/// never reaches the caller: it travels in the response's extensions to the request log, which writes it once.
pub(crate) struct ApiError(Box<Parts>);

struct Parts {
    code: ErrorCode,
    message: Cow<'static, str>,
    param: Option<String>,
    fields: Vec<FieldError>,
    retry_after: Option<Duration>,
    headers: HeaderMap,
    cause: Option<Cause>,
}

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
    /// An error with this code and a sentence that the caller may read.
    pub(crate) fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Parts {
            code,
            message: message.into(),
            param: None,
            fields: Vec::new(),
            retry_after: None,
            headers: HeaderMap::new(),
            cause: None,
        }))
    }

    /// The request is not what the route reads.
    pub(crate) fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::MalformedRequest, message)
    }

    /// These fields are wrong; at least one.
    pub(crate) fn invalid(fields: Vec<FieldError>) -> Self {
        let message = match fields.as_slice() {
            [one] => format!("{}: {}", one.field, one.message),
            several => {
                let names: Vec<_> = several.iter().map(|one| one.field.as_str()).collect();
                format!("{} fields are wrong: {}", several.len(), names.join(", "))
            }
        };
        let mut error = Self::new(ErrorCode::InvalidRequest, message);
        error.0.param = fields.first().map(|one| one.field.clone());
        error.0.fields = fields;
        error
    }

    /// This one field is wrong.
    pub(crate) fn invalid_field(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError { field: field.into(), message: message.into() }])
    }

    /// There is no such thing, or it belongs to another tenant.
    pub(crate) fn not_found(what: &'static str) -> Self {
        Self::new(ErrorCode::NotFound, format!("There is no such {what}."))
    }

    /// The thing is in a state that does not allow this.
    pub(crate) fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Conflict, message)
    }

    /// The body or file is over its limit in bytes.
    pub(crate) fn too_large(limit: u64) -> Self {
        Self::new(ErrorCode::TooLarge, format!("The content is over the limit of {limit} bytes."))
    }

    /// A part that Millrace needs (for example `NATS`) does not answer; the caller may try again soon.
    pub(crate) fn unavailable(
        part: &'static str,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self::new(
            ErrorCode::Unavailable,
            format!("The service is not available at the moment ({part}). Please try again."),
        )
        .retry_after(Duration::from_secs(2))
        .caused_by(cause)
    }

    /// Something failed that should not have. The caller learns nothing but that.
    pub(crate) fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::new(
            ErrorCode::Internal,
            "Something went wrong on our side. The request id leads to the cause.",
        )
        .caused_by(cause)
    }

    /// The failure of a job, as the answer to the caller who waited for it.
    pub(crate) fn of_job(error: &JobError) -> Self {
        Self::new(error.code, error.message.clone())
    }

    /// Names the field that is wrong.
    #[must_use]
    pub(crate) fn param(mut self, param: impl Into<String>) -> Self {
        self.0.param = Some(param.into());
        self
    }

    /// Tells the caller when to try again; rounded up to whole seconds.
    #[must_use]
    pub(crate) fn retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// Adds a header to the answer.
    #[must_use]
    pub(crate) fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.0.headers.insert(name, value);
        self
    }

    /// Keeps the cause for the request log.
    #[must_use]
    pub(crate) fn caused_by(mut self, cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.0.cause = Some(Arc::from(cause.into()));
        self
    }

    /// The code.
    pub(crate) fn code(&self) -> ErrorCode {
        self.0.code
    }

    /// The sentence for people.
    #[cfg(test)]
    pub(crate) fn message(&self) -> &str {
        &self.0.message
    }

    /// The fields that are wrong.
    #[cfg(test)]
    pub(crate) fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// The private cause; for callers that answer in another way than with a response.
    pub(crate) fn cause(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.0.cause.as_deref()
    }

    /// The status of the answer.
    pub(crate) fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

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

impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("code", &self.0.code)
            .field("message", &self.0.message)
            .field("fields", &self.0.fields)
            .field("cause", &self.0.cause)
            .finish()
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, self.0.message)
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

impl From<BusError> for ApiError {
    fn from(error: BusError) -> Self {
        match error {
            BusError::Unavailable(_) => Self::unavailable("NATS", error),
            BusError::Unsuitable(_) | BusError::Conflict { .. } | BusError::Undecodable { .. } => {
                Self::internal(error)
            }
        }
    }
}

impl From<PublishError> for ApiError {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Full => {
                Self::new(ErrorCode::QueueFull, "The queue is full. Please try again later.")
                    .retry_after(Duration::from_secs(10))
                    .caused_by(error)
            }
            PublishError::TooLarge => {
                Self::new(ErrorCode::TooLarge, "The content is too large for one message.")
                    .caused_by(error)
            }
            PublishError::Unavailable(_) => Self::unavailable("NATS", error),
        }
    }
}

impl From<WriteError> for ApiError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Conflict(_) => {
                Self::conflict("The job has moved on in the meantime.").caused_by(error)
            }
            WriteError::Full => Self::unavailable("event store", error),
            WriteError::Unavailable(_) => Self::unavailable("NATS", error),
        }
    }
}

impl From<ConfigWriteError> for ApiError {
    fn from(error: ConfigWriteError) -> Self {
        match error {
            ConfigWriteError::Conflict => {
                Self::conflict("It was changed by somebody else in the meantime. Read it again.")
            }
            ConfigWriteError::Bus(error) => error.into(),
        }
    }
}

impl From<ObjectError> for ApiError {
    fn from(error: ObjectError) -> Self {
        match error {
            ObjectError::NotFound(_) => Self::not_found("file").caused_by(error),
            ObjectError::TooLarge { limit } => Self::too_large(limit).caused_by(error),
            ObjectError::Full | ObjectError::Unavailable(_) => {
                Self::unavailable("object store", error)
            }
            ObjectError::BadKey(_) | ObjectError::Unsuitable(_) | ObjectError::Local(_) => {
                Self::internal(error)
            }
        }
    }
}

impl From<RecordsError> for ApiError {
    fn from(error: RecordsError) -> Self {
        if error.is_unavailable() { Self::unavailable("records", error) } else { Self::internal(error) }
    }
}

impl From<IllegalTransition> for ApiError {
    fn from(error: IllegalTransition) -> Self {
        Self::conflict(error.to_string())
    }
}

#[cfg(test)]
mod tests {
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
