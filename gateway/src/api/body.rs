//! The whole body of a request in memory, under the route's limit.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use http::StatusCode;
use http::header::CONTENT_TYPE;

use super::ApiError;

/// The bytes of a body, with its media type in lower case and without parameters.
pub(crate) struct ApiBody {
    /// The bytes.
    pub bytes: Bytes,
    /// For example `application/json`; empty when the caller named none.
    pub content_type: String,
}

impl ApiBody {
    /// Whether the body says that it is JSON.
    pub(crate) fn is_json(&self) -> bool {
        let kind = &self.content_type;
        kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json"))
    }

    /// Refuses a body that does not say that it is JSON.
    pub(crate) fn expect_json(&self) -> Result<(), ApiError> {
        if self.is_json() {
            return Ok(());
        }
        Err(ApiError::malformed(if self.content_type.is_empty() {
            "Send JSON, with the header 'Content-Type: application/json'.".to_owned()
        } else {
            format!("This route reads application/json, not {}.", self.content_type)
        }))
    }
}

impl<S: Send + Sync> FromRequest<S> for ApiBody {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let content_type = media_type(request.headers().get(CONTENT_TYPE));
        let bytes = Bytes::from_request(request, state).await.map_err(|error| refusal(&error))?;
        Ok(Self { bytes, content_type })
    }
}

/// The media type of a header value without its parameters, in lower case.
pub(crate) fn media_type(value: Option<&http::HeaderValue>) -> String {
    let text = value.and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn refusal(error: &BytesRejection) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::new(
            common::error_code::ErrorCode::TooLarge,
            "The body is over the limit. Upload large files with POST /v1/files.",
        )
    } else {
        ApiError::malformed("The body ended early or could not be read.")
            .caused_by(error.body_text())
    }
}
