//! `GET /openapi.json`: the description of the whole API. Routes add themselves; here is what they share.

use std::sync::Arc;

use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use common::job::{JobEnvelope, JobEvent, JobObject};
use common::webhook::WebhookPayload;
use http::header::CONTENT_TYPE;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

/// What all routes share.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Millrace",
        description = "A self-hosted job queue and API gateway for AI work. Every operation can be called \
            synchronously, queued and polled, or with a webhook.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    tags(
        (name = "jobs", description = "Submit, follow, cancel and list jobs"),
        (name = "openai", description = "The routes that OpenAI clients call"),
        (name = "files", description = "Uploads, and the files that jobs produce"),
        (name = "webhooks", description = "Endpoints, secrets and deliveries"),
        (name = "admin", description = "Keys, workers and queues; needs an admin key"),
        (name = "operation", description = "Health and metrics"),
    ),
    components(schemas(JobObject, JobEvent, JobEnvelope, WebhookPayload)),
    paths(crate::files::read_artifact, crate::openai::read_model),
    security(("bearer" = []), ("api_key" = [])),
    modifiers(&Schemes),
)]
struct Shared;

struct Schemes;

impl Modify for Schemes {
    fn modify(&self, api: &mut utoipa::openapi::OpenApi) {
        let components = api.components.get_or_insert_default();
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A key that begins with mr_"))
            .build();
        let header = ApiKeyValue::with_description("x-api-key", "The same key");
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
        components.add_security_scheme("api_key", SecurityScheme::ApiKey(ApiKey::Header(header)));
    }
}

/// The description before the routes have added themselves.
pub(crate) fn description() -> utoipa::openapi::OpenApi {
    Shared::openapi()
}

/// Serves the finished description.
pub(crate) fn serve_description<S: Clone + Send + Sync + 'static>(
    api: &utoipa::openapi::OpenApi,
) -> Result<MethodRouter<S>, serde_json::Error> {
    let text = Arc::new(Bytes::from(api.to_pretty_json()?));
    Ok(get(move || async move {
        ([(CONTENT_TYPE, "application/json")], Bytes::clone(&text)).into_response()
    }))
}
