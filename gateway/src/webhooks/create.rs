//! `POST /v1/webhooks/endpoints`.

use axum::extract::State;
use common::operation::FieldError;
use common::webhook::{Endpoint, WebhookPayload};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::check::check_target;
use super::store::new_secret;
use super::view::{EndpointView, EndpointWithSecret};
use crate::api::{ApiError, ApiFields, ApiJson, ErrorBody, note};
use crate::auth::Caller;
use crate::state::AppState;

/// How many endpoints a tenant may register.
const MAX_ENDPOINTS: usize = 100;
const MAX_DESCRIPTION: usize = 500;
/// What an endpoint can ask to hear of.
const EVENT_TYPES: [&str; 4] = ["job.succeeded", "job.failed", "job.canceled", "job.expired"];

/// A URL to register.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEndpoint {
    /// Where deliveries are posted.
    url: String,
    /// Your own words.
    #[serde(default)]
    description: String,
    /// The event types to hear of; empty means all.
    #[serde(default)]
    events: Vec<String>,
}

/// Registers a webhook endpoint. The signing secret is in this answer and in no other.
#[utoipa::path(
    post, path = "/v1/webhooks/endpoints", tag = "webhooks", request_body = NewEndpoint,
    responses(
        (status = 201, description = "Registered", body = EndpointWithSecret),
        (status = 422, description = "The URL or an event type is not allowed", body = ErrorBody),
    ),
)]
pub(crate) async fn create_endpoint(
    State(state): State<AppState>,
    caller: Caller,
    ApiFields(new, mut wrong): ApiFields<NewEndpoint>,
) -> Result<(StatusCode, ApiJson<EndpointWithSecret>), ApiError> {
    note(&mut wrong, check_words(&new.description, &new.events));
    note(&mut wrong, check_target(&state, "url", &new.url).await.err());
    if !wrong.is_empty() {
        return Err(ApiError::invalid(wrong));
    }
    if state.store.list::<Endpoint>(&Endpoint::prefix(&caller.tenant)).len() >= MAX_ENDPOINTS {
        return Err(ApiError::conflict("There are 100 endpoints already, which is the limit."));
    }
    let now = state.clock.now();
    let mut endpoint = Endpoint {
        id: format!("ep_{}", state.clock.new_uuid().simple()),
        tenant: caller.tenant,
        url: new.url,
        description: new.description,
        events: new.events,
        secrets: Vec::new(),
        disabled: None,
        created_at: now,
    };
    let (sealed, secret) = new_secret(&state, &endpoint);
    endpoint.secrets.push(sealed);
    state.store.create(&Endpoint::key(&endpoint.tenant, &endpoint.id), &endpoint).await?;
    let view = EndpointView::of(&endpoint, now);
    Ok((StatusCode::CREATED, ApiJson(EndpointWithSecret { endpoint: view, secret })))
}

/// What is wrong with an endpoint's description and event types.
pub(super) fn check_words(description: &str, events: &[String]) -> Vec<FieldError> {
    let mut wrong = Vec::new();
    if description.len() > MAX_DESCRIPTION {
        wrong.push(FieldError {
            field: "description".to_owned(),
            message: format!("is longer than {MAX_DESCRIPTION} bytes"),
        });
    }
    let known = |kind: &str| EVENT_TYPES.contains(&kind) || kind == WebhookPayload::TEST;
    for (index, kind) in events.iter().enumerate().take(16).filter(|(_, kind)| !known(kind)) {
        wrong.push(FieldError {
            field: format!("events[{index}]"),
            message: format!("'{kind}' is no event type; there are {}", EVENT_TYPES.join(", ")),
        });
    }
    if events.len() > 16 {
        wrong.push(FieldError { field: "events".to_owned(), message: "are too many".to_owned() });
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_event_type_is_named_by_its_place() {
        let events = ["job.failed".to_owned(), "job.done".to_owned()];
        let wrong = check_words("", &events);
        assert_eq!(wrong.len(), 1);
        assert_eq!(wrong[0].field, "events[1]");
        assert!(check_words("", &[]).is_empty());
    }
}
