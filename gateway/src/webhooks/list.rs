//! `GET /v1/webhooks/endpoints` and `GET /v1/webhooks/endpoints/{id}`.

use axum::extract::State;
use common::webhook::Endpoint;
use serde::Serialize;
use utoipa::ToSchema;

use super::store::load;
use super::view::EndpointView;
use crate::api::{ApiError, ApiJson, ApiPath, ErrorBody};
use crate::auth::Caller;
use crate::state::AppState;

/// All endpoints of a tenant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndpointList {
    /// Always `list`.
    object: &'static str,
    /// The endpoints, oldest first.
    data: Vec<EndpointView>,
}

/// Lists the webhook endpoints.
#[utoipa::path(
    get, path = "/v1/webhooks/endpoints", tag = "webhooks",
    responses((status = 200, description = "The endpoints, oldest first", body = EndpointList)),
)]
pub(crate) async fn list_endpoints(
    State(state): State<AppState>,
    caller: Caller,
) -> ApiJson<EndpointList> {
    let now = state.clock.now();
    let mut endpoints = state.store.list::<Endpoint>(&Endpoint::prefix(&caller.tenant));
    endpoints.sort_by_key(|(_, endpoint)| endpoint.created_at);
    let data = endpoints.iter().map(|(_, endpoint)| EndpointView::of(endpoint, now)).collect();
    ApiJson(EndpointList { object: "list", data })
}

/// Reads a webhook endpoint.
#[utoipa::path(
    get, path = "/v1/webhooks/endpoints/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "The endpoint")),
    responses(
        (status = 200, description = "The endpoint", body = EndpointView),
        (status = 404, description = "There is no such endpoint", body = ErrorBody),
    ),
)]
pub(crate) async fn read_endpoint(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<ApiJson<EndpointView>, ApiError> {
    let (endpoint, _) = load(&state, &caller.tenant, &id)?;
    Ok(ApiJson(EndpointView::of(&endpoint, state.clock.now())))
}
