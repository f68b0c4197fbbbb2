//! `GET /v1/artifacts/{key}`: results and produced files by signed address.

use axum::extract::State;
use axum::response::Response;
use common::clock::Timestamp;
use common::error_code::ErrorCode;
use common::objects::ObjectError;
use http::{HeaderMap, HeaderValue, Method};

use super::content_type::by_name;
use super::serve::{Asked, Served, serve};
use super::signed_url::{Signature, check, not_signed};
use crate::api::{ApiError, ApiPath, ApiQuery, ErrorBody};
use crate::state::AppState;

/// Reads a produced file by its signed address. No key is needed; `Range`, `If-None-Match` and HEAD work as for any
/// static file.
#[utoipa::path(
    get, path = "/v1/artifacts/{key}", tag = "files", security(()),
    params(
        ("key" = String, Path, description = "The object, as it stands in the signed address"),
        ("expires" = i64, Query, description = "When the address ends, in seconds since 1970"),
        ("signature" = String, Query, description = "The signature of the address"),
    ),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "*/*"),
        (status = 206, description = "The part that was asked for"),
        (status = 304, description = "The caller has it already"),
        (status = 403, description = "The address is not valid or has expired", body = ErrorBody),
        (status = 410, description = "The content was removed after its retention", body = ErrorBody),
        (status = 416, description = "The part does not exist"),
    ),
)]
pub(crate) async fn read_artifact(
    State(state): State<AppState>,
    method: Method,
    headers: HeaderMap,
    ApiPath(key): ApiPath<String>,
    signature: Result<ApiQuery<Signature>, ApiError>,
) -> Result<Response, ApiError> {
    let ApiQuery(signature) =
        signature.map_err(|error| not_signed().caused_by(error.to_string()))?;
    check(&state, &key, &signature)?;
    let info = match state.objects.head(&key).await {
        Err(ObjectError::NotFound(_)) => {
            return Err(ApiError::new(
                ErrorCode::Gone,
                "The content was removed after its retention.",
            ));
        }
        other => other?,
    };
    let name = key.rsplit('/').next().unwrap_or_default();
    // A result document has no extension.
    let content_type = if name == "result" { "application/json".to_owned() } else { by_name(name) };
    let left = Timestamp::from_micros(signature.expires.saturating_mul(1_000_000))
        .since(state.clock.now())
        .as_secs();
    let file = Served {
        name: name.to_owned(),
        content_type,
        bytes: info.bytes,
        // Objects are written once: size and time tell versions apart where the store has no tag.
        etag: info.etag.map_or_else(
            || format!("{:x}-{:x}", info.bytes, info.modified.as_micros()),
            |tag| tag.trim_start_matches("W/").trim_matches('"').to_owned(),
        ),
        modified: info.modified,
        cache: HeaderValue::from_str(&format!("public, max-age={left}, immutable"))
            .unwrap_or_else(|_| HeaderValue::from_static("no-store")),
        key,
    };
    serve(&state.objects, &file, Asked { method: &method, headers: &headers }).await
}
