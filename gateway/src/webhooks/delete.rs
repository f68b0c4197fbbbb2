//! `DELETE /v1/webhooks/endpoints/{id}`.

use axum::extract::State;
use common::webhook::Endpoint;
use http::StatusCode;

use super::store::load;
use crate::api::{ApiError, ApiPath, ErrorBody};
use crate::auth::Caller;
use crate::state::AppState;

/// Removes a webhook endpoint. Deliveries that wait for another attempt end as dead.
#[utoipa::path(
    delete, path = "/v1/webhooks/endpoints/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "The endpoint")),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "There is no such endpoint", body = ErrorBody),
    ),
)]
pub(crate) async fn delete_endpoint(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<StatusCode, ApiError> {
    let (_, revision) = load(&state, &caller.tenant, &id)?;
    state.store.delete(&Endpoint::key(&caller.tenant, &id), revision).await?;
    Ok(StatusCode::NO_CONTENT)
}
