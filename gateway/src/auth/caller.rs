//! The caller of a request, as extractors: a handler says in its signature who may call it.

use std::sync::{Arc, OnceLock};

use axum::extract::FromRequestParts;
use common::error_code::ErrorCode;
use common::job::Tenant;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue, WWW_AUTHENTICATE};
use http::request::Parts;

use super::key::{ApiKey, Role, key_entry};
use crate::api::ApiError;
use crate::state::AppState;

/// Longer texts are no keys; they are not even hashed.
const MAX_KEY_LENGTH: usize = 128;

/// The holder of a valid key.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// Whose jobs, files and webhooks it sees.
    pub tenant: Tenant,
    /// What it may do.
    pub role: Role,
    /// Names the key in logs.
    pub key_id: String,
}

/// The holder of a valid key with the role `admin`.
#[derive(Clone, Debug)]
pub(crate) struct Admin(pub Caller);

/// Filled in by [`Caller`] for the request log, which sits outside of the handler; in the request's extensions.
#[derive(Clone, Debug, Default)]
pub(crate) struct CallerTag(pub Arc<OnceLock<(Tenant, String)>>);

impl FromRequestParts<AppState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let key = presented_key(&parts.headers)?;
        // An old memory might still hold a key that was revoked meanwhile.
        if !state.store.fresh() {
            return Err(ApiError::unavailable("configuration", "the configuration is stale"));
        }
        let found = state.store.get::<ApiKey>(&key_entry(key));
        let Some((key, _)) = found.filter(|(key, _)| key.revoked_at.is_none()) else {
            return Err(unauthorized("The API key is not known, or was revoked."));
        };
        if let Some(CallerTag(tag)) = parts.extensions.get() {
            let _ = tag.set((key.tenant.clone(), key.id.clone()));
        }
        Ok(Self { tenant: key.tenant, role: key.role, key_id: key.id })
    }
}

impl FromRequestParts<AppState> for Admin {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, ApiError> {
        let caller = Caller::from_request_parts(parts, state).await?;
        match caller.role {
            Role::Admin => Ok(Self(caller)),
            Role::User => {
                Err(ApiError::new(ErrorCode::PermissionDenied, "This needs an admin key."))
            }
        }
    }
}

/// The key of `Authorization: Bearer KEY` or `x-api-key: KEY`.
pub(crate) fn presented_key(headers: &HeaderMap) -> Result<&str, ApiError> {
    let bearer = headers.get(AUTHORIZATION).and_then(|value| {
        let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
    });
    let key = bearer.or_else(|| headers.get("x-api-key")?.to_str().ok().map(str::trim));
    match key {
        Some(key) if !key.is_empty() && key.len() <= MAX_KEY_LENGTH => Ok(key),
        Some(_) => Err(unauthorized("The API key is not known, or was revoked.")),
        None => Err(unauthorized(
            "An API key is missing. Send it as 'Authorization: Bearer KEY' or 'x-api-key: KEY'.",
        )),
    }
}

fn unauthorized(message: &'static str) -> ApiError {
    ApiError::new(ErrorCode::InvalidApiKey, message)
        .header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_of(name: &'static str, value: &'static str) -> Result<String, ErrorCode> {
        let mut headers = HeaderMap::new();
        headers.insert(name, HeaderValue::from_static(value));
        presented_key(&headers).map(str::to_owned).map_err(|error| error.code())
    }

    #[test]
    fn a_key_is_taken_from_either_header() {
        assert_eq!(key_of("authorization", "Bearer mr_a"), Ok("mr_a".to_owned()));
        assert_eq!(key_of("authorization", "bearer  mr_a "), Ok("mr_a".to_owned()));
        assert_eq!(key_of("x-api-key", "mr_b"), Ok("mr_b".to_owned()));
        assert_eq!(key_of("authorization", "Basic abc"), Err(ErrorCode::InvalidApiKey));
        assert_eq!(key_of("authorization", "Bearer"), Err(ErrorCode::InvalidApiKey));
        assert_eq!(key_of("x-api-key", ""), Err(ErrorCode::InvalidApiKey));
    }
}
