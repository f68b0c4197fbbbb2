//! `POST /v1/webhooks/endpoints/{id}/recover`.

use axum::extract::State;
use common::clock::Timestamp;
use common::records::{Cursor, DeliveryFilter};
use common::webhook::DeliveryStatus;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::deliveries::last;
use super::send;
use super::store::load;
use crate::api::{ApiError, ApiJson, ApiPath, ErrorBody};
use crate::auth::Caller;
use crate::state::AppState;

/// How many deliveries one call sends again.
const BATCH: usize = 500;
const PAGE: usize = 100;

/// Which deliveries to send again.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecoverRequest {
    /// Those made at this time or later.
    since: Timestamp,
    /// Those made before this time; absent for all until now.
    until: Option<Timestamp>,
    /// From the `next_cursor` of the call before.
    cursor: Option<String>,
}

/// What was done.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Recovered {
    /// How many deliveries are on their way again.
    recovered: usize,
    /// Whether there are more: call again with `cursor` set to `next_cursor`.
    has_more: bool,
    /// Where the next call goes on, backwards in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Sends the dead deliveries of a webhook endpoint again, newest first, up to 500 at a time.
#[utoipa::path(
    post, path = "/v1/webhooks/endpoints/{id}/recover", tag = "webhooks",
    request_body = RecoverRequest,
    params(("id" = String, Path, description = "The endpoint")),
    responses(
        (status = 202, description = "On their way", body = Recovered),
        (status = 404, description = "There is no such endpoint", body = ErrorBody),
        (status = 409, description = "The endpoint is disabled", body = ErrorBody),
    ),
)]
pub(crate) async fn recover_endpoint(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
    ApiJson(asked): ApiJson<RecoverRequest>,
) -> Result<(StatusCode, ApiJson<Recovered>), ApiError> {
    let (endpoint, _) = load(&state, &caller.tenant, &id)?;
    send::refuse_disabled(&endpoint)?;
    let filter = DeliveryFilter {
        status: Some(DeliveryStatus::Dead),
        endpoint_id: Some(id),
        created_from: Some(asked.since),
        created_before: asked.until,
        ..DeliveryFilter::of(caller.tenant.clone())
    };
    let cursor = asked.cursor.as_deref().map(str::parse::<Cursor>).transpose();
    let mut cursor =
        cursor.map_err(|error| ApiError::invalid_field("cursor", error.to_string()))?;
    let mut recovered = 0;
    loop {
        let page = state.records.list_deliveries(&filter, cursor, PAGE).await?;
        for record in &page.items {
            // The records may lag behind: the stream says whether it is still dead.
            let delivery = last(&state, &caller.tenant, record.id).await?;
            if delivery.status == DeliveryStatus::Dead {
                send::again(&state, delivery).await?;
                recovered += 1;
            }
        }
        cursor = page.next;
        if cursor.is_none() || recovered >= BATCH {
            break;
        }
    }
    let next_cursor = cursor.map(|cursor| cursor.to_string());
    let answer = Recovered { recovered, has_more: next_cursor.is_some(), next_cursor };
    Ok((StatusCode::ACCEPTED, ApiJson(answer)))
}
