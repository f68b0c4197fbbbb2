//! `GET /v1/admin/keys`.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::api::ApiJson;
use crate::auth::{Admin, ApiKey, KEY_ENTRIES};
use crate::state::AppState;

/// All keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyList {
    /// Always `list`.
    object: &'static str,
    /// What is kept of them, oldest first.
    data: Vec<ApiKey>,
}

/// Lists the API keys of all tenants, also those that were revoked.
#[utoipa::path(
    get, path = "/v1/admin/keys", tag = "admin",
    responses((status = 200, description = "The keys, oldest first", body = KeyList)),
)]
pub(crate) async fn list_keys(State(state): State<AppState>, _: Admin) -> ApiJson<KeyList> {
    let mut data: Vec<ApiKey> =
        state.store.list(KEY_ENTRIES).into_iter().map(|(_, key)| key).collect();
    data.sort_by_key(|key| key.created_at);
    ApiJson(KeyList { object: "list", data })
}
