//! `POST /v1/webhooks/endpoints/{id}/test`.

use axum::extract::State;
use common::job::EventId;
use common::webhook::{Delivery, DeliveryTarget, WebhookPayload};
use http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use super::send::{self, PATIENCE};
use super::store::load;
use crate::api::{ApiError, ApiJson, ApiPath, ErrorBody};
use crate::auth::Caller;
use crate::state::AppState;

/// A test that is on its way.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TestSent {
    /// The delivery, to be followed in the delivery log.
    delivery_id: String,
}

/// Sends an event of type `webhook.test` to a webhook endpoint.
#[utoipa::path(
    post, path = "/v1/webhooks/endpoints/{id}/test", tag = "webhooks",
    params(("id" = String, Path, description = "The endpoint")),
    responses(
        (status = 202, description = "On its way", body = TestSent),
        (status = 404, description = "There is no such endpoint", body = ErrorBody),
        (status = 409, description = "The endpoint is disabled", body = ErrorBody),
    ),
)]
pub(crate) async fn test_endpoint(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<String>,
) -> Result<(StatusCode, ApiJson<TestSent>), ApiError> {
    let (endpoint, _) = load(&state, &caller.tenant, &id)?;
    send::refuse_disabled(&endpoint)?;
    let event = EventId::new(&*state.clock);
    let now = state.clock.now();
    let body = WebhookPayload::test(event, now).into_body().map_err(ApiError::internal)?;
    let target = DeliveryTarget::Endpoint { id: endpoint.id, url: endpoint.url };
    let delivery =
        Delivery::new(event, WebhookPayload::TEST, caller.tenant, None, target, body, now);
    state.bus.publish_delivery(&delivery, PATIENCE).await?;
    Ok((StatusCode::ACCEPTED, ApiJson(TestSent { delivery_id: delivery.id.to_string() })))
}
