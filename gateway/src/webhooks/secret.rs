//! `GET /v1/webhooks/secret`.

use axum::extract::State;
use common::webhook::encode_secret;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ApiJson;
use crate::auth::Caller;
use crate::state::AppState;

/// The secrets that sign the webhooks of single jobs.
#[derive(Serialize, ToSchema)]
pub(crate) struct TenantSecret {
    /// The current secret, `whsec_` and base64.
    secret: String,
    /// The secrets that still sign besides, while the master key is changed over.
    previous: Vec<String>,
}

/// Reads the tenant's signing secret. It signs the deliveries to the `webhook` URL of a job; registered endpoints have
/// secrets of their own.
#[utoipa::path(
    get, path = "/v1/webhooks/secret", tag = "webhooks",
    responses((status = 200, description = "The signing secrets", body = TenantSecret)),
)]
pub(crate) async fn read_secret(
    State(state): State<AppState>,
    caller: Caller,
) -> ApiJson<TenantSecret> {
    let secrets = state.keyring.tenant_webhook_secrets(&caller.tenant);
    let mut texts = secrets.iter().map(|secret| encode_secret(secret));
    ApiJson(TenantSecret { secret: texts.next().unwrap_or_default(), previous: texts.collect() })
}
