//! `POST /v1/admin/keys/{id}/revoke`.

use axum::extract::State;

use crate::api::{ApiError, ApiJson, ApiPath, ErrorBody};
use crate::auth::{Admin, ApiKey, KEY_ENTRIES, Role};
use crate::state::AppState;

/// Revokes an API key: it is refused from now on, on all gateways. Revoking twice changes nothing.
#[utoipa::path(
    post, path = "/v1/admin/keys/{id}/revoke", tag = "admin",
    params(("id" = String, Path, description = "The key's id, not the key")),
    responses(
        (status = 200, description = "Revoked", body = ApiKey),
        (status = 404, description = "There is no such key", body = ErrorBody),
        (status = 409, description = "It is the last admin key", body = ErrorBody),
    ),
)]
pub(crate) async fn revoke_key(
    State(state): State<AppState>,
    Admin(admin): Admin,
    ApiPath(id): ApiPath<String>,
) -> Result<ApiJson<ApiKey>, ApiError> {
    let keys = state.store.list::<ApiKey>(KEY_ENTRIES);
    let found = keys.iter().find(|(_, key)| key.id == id).map(|(entry, _)| entry);
    let entry = found.ok_or_else(|| ApiError::not_found("key"))?;
    let (mut key, revision) =
        state.store.get::<ApiKey>(entry).ok_or_else(|| ApiError::not_found("key"))?;
    if key.revoked_at.is_some() {
        return Ok(ApiJson(key));
    }
    let admins = keys.iter().filter(|(_, key)| key.role == Role::Admin && key.revoked_at.is_none());
    if key.role == Role::Admin && admins.count() == 1 {
        return Err(ApiError::conflict("It is the last admin key. Make another one first."));
    }
    key.revoked_at = Some(state.clock.now());
    state.store.update(entry, &key, revision).await?;
    tracing::info!(target: "audit", { key.id = id, by = admin.key_id }, "a key was revoked");
    Ok(ApiJson(key))
}
