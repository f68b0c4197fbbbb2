//! `PATCH /v1/webhooks/endpoints/{id}`.

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::check::check_target;
use super::create::check_words;
use super::store::{change, load};
use super::view::EndpointView;
use crate::api::{ApiError, ApiFields, ApiJson, ApiPath, ErrorBody, note};
use crate::auth::Caller;
use crate::state::AppState;

/// What to change; absent fields stay as they are.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndpointChange {
    /// Where deliveries are posted from now on, also those that wait for another attempt.
    url: Option<String>,
    /// Your own words.
    description: Option<String>,
    /// The event types to hear of; empty means all.
    events: Option<Vec<String>>,
}

/// Changes a webhook endpoint.
#[utoipa::path(
    patch, path = "/v1/webhooks/endpoints/{id}", tag = "webhooks", request_body = EndpointChange,
    params(("id" = String, Path, description = "The endpoint")),
    responses(
        (status = 200, description = "The endpoint as it is now", body = EndpointView),
        (status = 404, description = "There is no such endpoint", body = ErrorBody),
        (status = 422, description = "The URL or an event type is not allowed", body = ErrorBody),
    ),
)]
pub(crate) async fn update_endpoint(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiFields(asked, mut wrong): ApiFields<EndpointChange>,
) -> Result<ApiJson<EndpointView>, ApiError> {
    load(&state, &caller.tenant, &id)?;
    let description = asked.description.as_deref().unwrap_or_default();
    note(&mut wrong, check_words(description, asked.events.as_deref().unwrap_or_default()));
    if let Some(url) = &asked.url {
        note(&mut wrong, check_target(&state, "url", url).await.err());
    }
    if !wrong.is_empty() {
        return Err(ApiError::invalid(wrong));
    }
    let endpoint = change(&state, &caller.tenant, &id, |endpoint| {
        endpoint.url = asked.url.clone().unwrap_or_else(|| endpoint.url.clone());
        endpoint.description =
            asked.description.clone().unwrap_or_else(|| endpoint.description.clone());
        endpoint.events = asked.events.clone().unwrap_or_else(|| endpoint.events.clone());
    })
    .await?;
    Ok(ApiJson(EndpointView::of(&endpoint, state.clock.now())))
}
