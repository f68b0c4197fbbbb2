//! `POST /v1/admin/keys`.

use axum::extract::State;
use common::job::Tenant;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::{ApiError, ApiJson, ErrorBody};
use crate::auth::{Admin, ApiKey, Role, generate_key, key_entry, new_key_id};
use crate::state::AppState;

const MAX_NAME: usize = 200;

/// A key to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// Whose jobs it sees. Tenants exist by being named.
    tenant: Tenant,
    /// What it may do; `user` when absent.
    #[serde(default = "user")]
    role: Role,
    /// Your own words.
    #[serde(default)]
    name: String,
}

/// A new key. The key itself is in this answer and in no other.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreatedKey {
    /// What is kept of it.
    #[serde(flatten)]
    entry: ApiKey,
    /// The key.
    key: String,
}

fn user() -> Role {
    Role::User
}

/// Makes an API key.
#[utoipa::path(
    post, path = "/v1/admin/keys", tag = "admin", request_body = NewKey,
    responses(
        (status = 201, description = "Made; the key is shown this once", body = CreatedKey),
        (status = 403, description = "This needs an admin key", body = ErrorBody),
        (status = 422, description = "A field is wrong", body = ErrorBody),
    ),
)]
pub(crate) async fn create_key(
    State(state): State<AppState>,
    Admin(admin): Admin,
    ApiJson(new): ApiJson<NewKey>,
) -> Result<(StatusCode, ApiJson<CreatedKey>), ApiError> {
    if new.name.len() > MAX_NAME {
        return Err(ApiError::invalid_field("name", format!("is longer than {MAX_NAME} bytes")));
    }
    let key = generate_key();
    let entry = ApiKey {
        id: new_key_id(state.clock.new_uuid()),
        tenant: new.tenant,
        role: new.role,
        name: new.name,
        created_at: state.clock.now(),
        revoked_at: None,
    };
    state.store.create(&key_entry(key.expose()), &entry).await?;
    tracing::info!(
        target: "audit",
        { key.id = entry.id, tenant = %entry.tenant, by = admin.key_id },
        "a key was made"
    );
    let created = CreatedKey { entry, key: key.expose().to_owned() };
    Ok((StatusCode::CREATED, ApiJson(created)))
}
