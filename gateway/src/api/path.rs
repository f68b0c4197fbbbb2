//! Parameters in the path.

use axum::extract::{FromRequestParts, Path};
use http::request::Parts;
use serde::de::DeserializeOwned;

use super::ApiError;

/// The parameters of the path as `T`. One that can not be read names nothing: 404.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ApiPath<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for ApiPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::<T>::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(rejection) if rejection.status().is_client_error() => {
                Err(ApiError::not_found("thing").caused_by(rejection.body_text()))
            }
            Err(rejection) => Err(ApiError::internal(rejection.body_text())),
        }
    }
}
