//! A handler that panics answers like any other failure.

use std::any::Any;

use axum::response::{IntoResponse, Response};

use crate::api::ApiError;

/// The answer to a request whose handler panicked.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the panic over")]
pub(crate) fn answer_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let text = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    ApiError::internal(format!("a handler panicked: {text}")).into_response()
}
