//! `GET /v1/webhooks/deliveries`, `GET /v1/webhooks/deliveries/{id}` and `POST /v1/webhooks/deliveries/{id}/retry`.

use axum::extract::State;
use common::clock::Timestamp;
use common::job::{JobId, Tenant};
use common::records::{Cursor, DeliveryFilter};
use common::webhook::{DeliveryEvent, DeliveryId, DeliveryStatus};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::send;
use super::store::load;
use super::view::DeliveryView;
use crate::api::{ApiError, ApiJson, ApiPath, ApiQuery, ErrorBody};
use crate::auth::Caller;
use crate::state::{AppState, Services};

const DEFAULT_LIMIT: usize = 20;
const MAX_LIMIT: usize = 100;

/// Which deliveries are listed.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveryQuery {
    /// Only this status: `pending`, `delivered` or `dead`.
    #[param(inline)]
    status: Option<DeliveryStatus>,
    /// Only those to this endpoint.
    endpoint: Option<String>,
    /// Only those about this job.
    #[param(value_type = Option<String>)]
    job: Option<JobId>,
    /// Only events of this type.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Made at this time or later.
    #[param(value_type = Option<String>)]
    created_after: Option<Timestamp>,
    /// Made before this time.
    #[param(value_type = Option<String>)]
    created_before: Option<Timestamp>,
    /// From the `next_cursor` of the page before.
    cursor: Option<String>,
    /// How many, 1 to 100; 20 when absent.
    limit: Option<usize>,
}

/// A page of deliveries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeliveryPage {
    /// Always `list`.
    object: &'static str,
    /// The deliveries, newest first, without their bodies.
    data: Vec<DeliveryView>,
    /// Whether there is another page.
    has_more: bool,
    /// Where the next page begins.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Lists webhook deliveries.
#[utoipa::path(
    get, path = "/v1/webhooks/deliveries", tag = "webhooks", params(DeliveryQuery),
    responses(
        (status = 200, description = "A page of deliveries, newest first", body = DeliveryPage),
        (status = 503, description = "The records are away", body = ErrorBody),
    ),
)]
pub(crate) async fn list_deliveries(
    State(state): State<AppState>,
    caller: Caller,
    ApiQuery(query): ApiQuery<DeliveryQuery>,
) -> Result<ApiJson<DeliveryPage>, ApiError> {
    let limit = query.limit.unwrap_or(DEFAULT_LIMIT);
    if !(1..=MAX_LIMIT).contains(&limit) {
        return Err(ApiError::invalid_field("limit", format!("must be 1 to {MAX_LIMIT}")));
    }
    let after = query.cursor.as_deref().map(str::parse::<Cursor>).transpose();
    let after = after.map_err(|error| ApiError::invalid_field("cursor", error.to_string()))?;
    let filter = DeliveryFilter {
        status: query.status,
        endpoint_id: query.endpoint,
        job_id: query.job,
        event_type: query.kind,
        created_from: query.created_after,
        created_before: query.created_before,
        ..DeliveryFilter::of(caller.tenant)
    };
    let page = state.records.list_deliveries(&filter, after, limit).await?;
    Ok(ApiJson(DeliveryPage {
        object: "list",
        data: page.items.into_iter().map(DeliveryView::from).collect(),
        has_more: page.next.is_some(),
        next_cursor: page.next.map(|cursor| cursor.to_string()),
    }))
}

/// Reads a webhook delivery with its body and the log of its last attempts.
#[utoipa::path(
    get, path = "/v1/webhooks/deliveries/{id}", tag = "webhooks",
    params(("id" = String, Path, description = "The delivery")),
    responses(
        (status = 200, description = "The delivery", body = DeliveryView),
        (status = 404, description = "There is no such delivery", body = ErrorBody),
    ),
)]
pub(crate) async fn read_delivery(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<DeliveryId>,
) -> Result<ApiJson<DeliveryView>, ApiError> {
    Ok(ApiJson(last(&state, &caller.tenant, id).await?.into()))
}

/// Sends a webhook delivery again, with its whole schedule before it and under the same `webhook-id`.
#[utoipa::path(
    post, path = "/v1/webhooks/deliveries/{id}/retry", tag = "webhooks",
    params(("id" = String, Path, description = "The delivery")),
    responses(
        (status = 202, description = "On its way", body = DeliveryView),
        (status = 404, description = "There is no such delivery", body = ErrorBody),
        (status = 409, description = "It has another attempt before it", body = ErrorBody),
    ),
)]
pub(crate) async fn retry_delivery(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<DeliveryId>,
) -> Result<(StatusCode, ApiJson<DeliveryView>), ApiError> {
    let delivery = last(&state, &caller.tenant, id).await?;
    if let Some(endpoint) = &delivery.endpoint_id {
        let (endpoint, _) = load(&state, &caller.tenant, endpoint)?;
        send::refuse_disabled(&endpoint)?;
    }
    let pending = send::again(&state, delivery).await?;
    Ok((StatusCode::ACCEPTED, ApiJson(pending.into())))
}

/// The last snapshot: from the stream, which is ahead, else from the records, which remember longer.
pub(super) async fn last(
    services: &Services,
    tenant: &Tenant,
    id: DeliveryId,
) -> Result<DeliveryEvent, ApiError> {
    if let Some(event) = services.bus.last_delivery_event(tenant, id).await? {
        return Ok(event);
    }
    let record = services.records.delivery(tenant, id).await?;
    record.ok_or_else(|| ApiError::not_found("delivery"))
}
