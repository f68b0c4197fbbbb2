//! `GET /v1/admin/queues`.

use axum::extract::State;
use common::bus::{QueueFigures, StreamFill};
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::{ApiError, ApiJson, ErrorBody};
use crate::auth::Admin;
use crate::state::AppState;

/// How full everything is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueueList {
    /// Always `list`.
    object: &'static str,
    /// The queues: one for each model and lane that was ever used.
    data: Vec<QueueFigures>,
    /// The streams that hold accepted work, against their limits.
    streams: Vec<StreamFill>,
}

/// Lists the queues and how full the streams behind them are.
#[utoipa::path(
    get, path = "/v1/admin/queues", tag = "admin",
    responses(
        (status = 200, description = "The queues", body = QueueList),
        (status = 503, description = "NATS does not answer", body = ErrorBody),
    ),
)]
pub(crate) async fn list_queues(
    State(state): State<AppState>,
    _: Admin,
) -> Result<ApiJson<QueueList>, ApiError> {
    let (data, streams) = tokio::try_join!(state.bus.queue_figures(), state.bus.stream_fill())?;
    Ok(ApiJson(QueueList { object: "list", data, streams }))
}
