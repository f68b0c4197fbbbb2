//! The one error of the HTTP surface: what a caller reads, and the private cause for the log.

mod answer;
mod meaning;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use common::error_code::ErrorCode;
use common::job::JobError;
use common::operation::FieldError;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

pub(crate) use answer::{ErrorBody, ErrorCause, ErrorDetail};

use super::words::plain;

type Cause = Arc<dyn std::error::Error + Send + Sync>;

/// A request that is refused or failed.
///
/// Inner layers know nothing of HTTP; the `From` impls in `meaning` decide what their failures mean to a caller. The cause
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

    /// These fields are wrong; at least one. What serde says about them is put into plain words here, whichever layer
    /// read them.
    pub(crate) fn invalid(mut fields: Vec<FieldError>) -> Self {
        for field in &mut fields {
            field.message = plain(&field.field, &field.message).into_owned();
        }
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
    pub(crate) fn caused_by(
        mut self,
        cause: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
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
