//! The closed set of codes under which a failure reaches a person or a program.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Why something failed, in a word that programs may depend on.
///
/// New codes are added thoughtfully: every client has to learn them. Each maps to one HTTP status in [`status`]
/// and to one OpenAI error `type` in [`kind`].
///
/// [`status`]: ErrorCode::status
/// [`kind`]: ErrorCode::kind
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// The body is not what the route reads (not JSON, a broken multipart form, a bad header).
    MalformedRequest,
    /// Fields are missing, unknown or out of range; each is named.
    InvalidRequest,
    /// The same idempotency key came with another body.
    IdempotencyMismatch,
    /// No key, an unknown key or a revoked key.
    InvalidApiKey,
    /// The key may not do this.
    PermissionDenied,
    /// No such thing, or it belongs to another tenant.
    NotFound,
    /// No such operation.
    OperationNotFound,
    /// No such model.
    ModelNotFound,
    /// The thing is in a state that does not allow this.
    Conflict,
    /// The content was removed after its retention.
    Gone,
    /// The body or file is over its limit.
    TooLarge,
    /// A limit of this key or tenant is reached.
    RateLimited,
    /// The queue of this model is full.
    QueueFull,
    /// No worker offers this model now.
    NoWorker,
    /// A part that Millrace needs (NATS, the object store, SQL) is away.
    Unavailable,
    /// The deadline passed before there was a result.
    DeadlineExceeded,
    /// The caller waited as long as it may; the job goes on.
    WaitTimeout,
    /// The job was canceled.
    Canceled,
    /// The broker refused the message after the job was recorded.
    Refused,
    /// The input could not be processed (corrupt media, an unsupported format).
    InvalidInput,
    /// The provider refused the request as the caller's fault.
    UpstreamRejected,
    /// The provider failed, or answered what cannot be understood.
    UpstreamFailed,
    /// The provider did not answer in time.
    UpstreamTimeout,
    /// The engine failed.
    EngineFailed,
    /// The worker vanished while it ran the job, as often as is allowed.
    WorkerLost,
    /// Something failed that should not have.
    Internal,
}

impl ErrorCode {
    /// The HTTP status of an answer with this code.
    pub const fn status(self) -> u16 {
        match self {
            Self::MalformedRequest => 400,
            Self::InvalidApiKey => 401,
            Self::PermissionDenied => 403,
            Self::NotFound | Self::OperationNotFound | Self::ModelNotFound => 404,
            Self::Conflict | Self::Canceled => 409,
            Self::Gone => 410,
            Self::TooLarge => 413,
            Self::InvalidRequest
            | Self::IdempotencyMismatch
            | Self::InvalidInput
            | Self::UpstreamRejected => 422,
            Self::RateLimited | Self::QueueFull => 429,
            Self::Internal | Self::EngineFailed | Self::WorkerLost => 500,
            Self::UpstreamFailed => 502,
            Self::NoWorker | Self::Unavailable | Self::Refused => 503,
            Self::DeadlineExceeded | Self::WaitTimeout | Self::UpstreamTimeout => 504,
        }
    }

    /// The `type` field of an OpenAI-shaped error.
    pub const fn kind(self) -> &'static str {
        match self.status() {
            401 => "authentication_error",
            403 => "permission_error",
            404 | 410 => "not_found_error",
            429 => "rate_limit_error",
            400..=499 => "invalid_request_error",
            _ => "api_error",
        }
    }

    /// The code as it stands on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MalformedRequest => "malformed_request",
            Self::InvalidRequest => "invalid_request",
            Self::IdempotencyMismatch => "idempotency_mismatch",
            Self::InvalidApiKey => "invalid_api_key",
            Self::PermissionDenied => "permission_denied",
            Self::NotFound => "not_found",
            Self::OperationNotFound => "operation_not_found",
            Self::ModelNotFound => "model_not_found",
            Self::Conflict => "conflict",
            Self::Gone => "gone",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::QueueFull => "queue_full",
            Self::NoWorker => "no_worker",
            Self::Unavailable => "unavailable",
            Self::DeadlineExceeded => "deadline_exceeded",
            Self::WaitTimeout => "wait_timeout",
            Self::Canceled => "canceled",
            Self::Refused => "refused",
            Self::InvalidInput => "invalid_input",
            Self::UpstreamRejected => "upstream_rejected",
            Self::UpstreamFailed => "upstream_failed",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::EngineFailed => "engine_failed",
            Self::WorkerLost => "worker_lost",
            Self::Internal => "internal",
        }
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::ErrorCode;

    #[test]
    fn the_text_is_the_wire_form() {
        for code in [ErrorCode::NoWorker, ErrorCode::InvalidApiKey, ErrorCode::UpstreamTimeout] {
            assert_eq!(serde_json::to_value(code).unwrap(), code.as_str());
        }
    }

    #[test]
    fn server_faults_are_api_errors() {
        assert_eq!(ErrorCode::NoWorker.status(), 503);
        assert_eq!(ErrorCode::NoWorker.kind(), "api_error");
        assert_eq!(ErrorCode::QueueFull.kind(), "rate_limit_error");
    }
}
