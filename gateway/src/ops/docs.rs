//! `GET /docs`: an explorer of the API, with its scripts in this binary.

use axum::{Router, middleware};
use utoipa_swagger_ui::{Config, SwaggerUi};

use crate::middleware::page_security_headers;

/// The pages of the explorer.
pub(crate) fn docs<S: Clone + Send + Sync + 'static>() -> Router<S> {
    let config = Config::new(["/openapi.json"]).try_it_out_enabled(true);
    Router::from(SwaggerUi::new("/docs").config(config))
        .layer(middleware::from_fn(page_security_headers))
}
