//! `GET /livez` and `GET /readyz`.

use axum::extract::State;
use http::StatusCode;

use super::readiness::ReadinessReport;
use crate::api::ApiJson;
use crate::state::AppState;

/// Whether the process runs. A supervisor restarts it when this fails.
#[utoipa::path(
    get, path = "/livez", tag = "operation", security(()),
    responses((status = 200, description = "It runs", body = String, content_type = "text/plain")),
)]
pub(crate) async fn livez() -> &'static str {
    "ok\n"
}

/// Whether the gateway wants requests, and what is wrong when it does not. A load balancer asks this.
#[utoipa::path(
    get, path = "/readyz", tag = "operation", security(()),
    responses(
        (status = 200, description = "Ready", body = ReadinessReport),
        (status = 503, description = "Not ready; the parts say why", body = ReadinessReport),
    ),
)]
pub(crate) async fn readyz(
    State(state): State<AppState>,
) -> (StatusCode, ApiJson<ReadinessReport>) {
    let report = state.readiness.report().await;
    let status = if report.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, ApiJson(report))
}
