//! `GET /v1/admin/workers`.

use axum::extract::State;
use common::bus::Presence;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{ApiError, ApiJson, ErrorBody};
use crate::auth::Admin;
use crate::state::AppState;

/// All workers that live.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WorkerList {
    /// Always `list`.
    object: &'static str,
    /// Their last beats, by id.
    data: Vec<Presence>,
}

/// Lists the workers that live, with what they offer and run.
#[utoipa::path(
    get, path = "/v1/admin/workers", tag = "admin",
    responses(
        (status = 200, description = "The workers", body = WorkerList),
        (status = 503, description = "NATS does not answer", body = ErrorBody),
    ),
)]
pub(crate) async fn list_workers(
    State(state): State<AppState>,
    _: Admin,
) -> Result<ApiJson<WorkerList>, ApiError> {
    let data = state.bus.list_presence().await?;
    Ok(ApiJson(WorkerList { object: "list", data }))
}
