//! `POST /v1/webhooks/endpoints/{id}/disable` and `/enable`.

use axum::extract::State;
use common::job::Tenant;
use common::webhook::{Disabled, Endpoint};

use super::store::change;
use super::view::EndpointView;
use crate::api::{ApiError, ApiJson, ApiPath, ErrorBody};
use crate::auth::Caller;
use crate::state::{AppState, Services};

/// Stops deliveries to a webhook endpoint until it is enabled again.
#[utoipa::path(
    post, path = "/v1/webhooks/endpoints/{id}/disable", tag = "webhooks",
    params(("id" = String, Path, description = "The endpoint")),
    responses(
        (status = 200, description = "The endpoint as it is now", body = EndpointView),
        (status = 404, description = "There is no such endpoint", body = ErrorBody),
    ),
)]
pub(crate) async fn disable_endpoint(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<ApiJson<EndpointView>, ApiError> {
    let endpoint = disable(&state, &caller.tenant, &id, "disabled by its owner").await?;
    Ok(ApiJson(EndpointView::of(&endpoint, state.clock.now())))
}

/// Resumes deliveries to a webhook endpoint.
///
/// Deliveries that died when it was disabled are sent by `recover`; jobs that ended in between made none.
#[utoipa::path(
    post, path = "/v1/webhooks/endpoints/{id}/enable", tag = "webhooks",
    params(("id" = String, Path, description = "The endpoint")),
    responses(
        (status = 200, description = "The endpoint as it is now", body = EndpointView),
        (status = 404, description = "There is no such endpoint", body = ErrorBody),
    ),
)]
pub(crate) async fn enable_endpoint(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<ApiJson<EndpointView>, ApiError> {
    let endpoint = change(&state, &caller.tenant, &id, |endpoint| endpoint.disabled = None).await?;
    Ok(ApiJson(EndpointView::of(&endpoint, state.clock.now())))
}

/// Disables an endpoint; one that is disabled already keeps its first reason.
pub(super) async fn disable(
    services: &Services,
    tenant: &Tenant,
    id: &str,
    reason: &str,
) -> Result<Endpoint, ApiError> {
    let at = services.clock.now();
    change(services, tenant, id, |endpoint| {
        endpoint.disabled.get_or_insert_with(|| Disabled { at, reason: reason.to_owned() });
    })
    .await
}
