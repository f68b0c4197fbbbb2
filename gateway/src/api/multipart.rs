//! Multipart forms, as they stream in.

use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{FromRequest, Request};
use http::StatusCode;

use super::ApiError;

/// A multipart form. What is not one is answered with our error body.
pub(crate) struct ApiMultipart(pub Multipart);

impl<S: Send + Sync> FromRequest<S> for ApiMultipart {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        Multipart::from_request(request, state).await.map(Self).map_err(|rejection| {
            ApiError::malformed("This route reads multipart/form-data with a boundary.")
                .caused_by(rejection.body_text())
        })
    }
}

/// What is wrong with a form that can not be read to its end.
pub(crate) fn part_error(error: &MultipartError) -> ApiError {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::new(common::error_code::ErrorCode::TooLarge, "The form is over the size limit.")
    } else {
        ApiError::malformed("The multipart form is broken or ended early.")
            .caused_by(error.body_text())
    }
}
