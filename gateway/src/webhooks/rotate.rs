//! `POST /v1/webhooks/endpoints/{id}/rotate`.

use std::time::Duration;

use axum::extract::State;

use super::store::{change, load, new_secret};
use super::view::{EndpointView, EndpointWithSecret};
use crate::api::{ApiError, ApiJson, ApiPath, ErrorBody};
use crate::auth::Caller;
use crate::state::AppState;

/// Old and new secret sign together for this time, so that a receiver can change over at leisure.
const OVERLAP: Duration = Duration::from_hours(24);
/// How many secrets sign at once, however often they are rotated.
const MAX_SECRETS: usize = 4;

/// Gives a webhook endpoint a new signing secret, shown in this answer only. The old one signs for 24 more hours.
#[utoipa::path(
    post, path = "/v1/webhooks/endpoints/{id}/rotate", tag = "webhooks",
    params(("id" = String, Path, description = "The endpoint")),
    responses(
        (status = 200, description = "The endpoint with its new secret", body = EndpointWithSecret),
        (status = 404, description = "There is no such endpoint", body = ErrorBody),
    ),
)]
pub(crate) async fn rotate_secret(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<ApiJson<EndpointWithSecret>, ApiError> {
    let (endpoint, _) = load(&state, &caller.tenant, &id)?;
    let (sealed, secret) = new_secret(&state, &endpoint);
    let now = sealed.created_at;
    let endpoint = change(&state, &caller.tenant, &id, |endpoint| {
        endpoint.secrets.retain(|old| old.is_live(now));
        for old in &mut endpoint.secrets {
            old.expires_at.get_or_insert(now.plus(OVERLAP));
        }
        endpoint.secrets.sort_by_key(|old| std::cmp::Reverse(old.created_at));
        endpoint.secrets.truncate(MAX_SECRETS - 1);
        endpoint.secrets.insert(0, sealed.clone());
    })
    .await?;
    let view = EndpointView::of(&endpoint, now);
    Ok(ApiJson(EndpointWithSecret { endpoint: view, secret }))
}
