//! `GET /metrics`.

use axum::extract::State;
use axum::response::IntoResponse;
use http::header::CONTENT_TYPE;

use crate::state::AppState;

/// The media type of metrics.
pub(super) const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The metrics of the process as OpenMetrics text.
#[utoipa::path(
    get, path = "/metrics", tag = "operation", security(()),
    responses((
        status = 200, description = "All metrics", body = String,
        content_type = "application/openmetrics-text",
    )),
)]
pub(crate) async fn read_metrics(State(state): State<AppState>) -> impl IntoResponse {
    ([(CONTENT_TYPE, OPENMETRICS)], state.metrics.encode())
}
