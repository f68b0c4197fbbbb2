//! `GET /v1/files/{id}/content`.

use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, HeaderValue, Method};

use super::serve::{Asked, Served, serve};
use super::stored::{FileId, StoredFile, file_key};
use crate::api::{ApiError, ApiPath, ErrorBody};
use crate::auth::Caller;
use crate::state::AppState;

/// Reads the bytes of a file. `Range`, `If-None-Match` and HEAD work as for any static file.
#[utoipa::path(
    get, path = "/v1/files/{id}/content", tag = "files",
    params(("id" = String, Path, description = "The file")),
    responses(
        (status = 200, description = "The file", body = Vec<u8>, content_type = "*/*"),
        (status = 206, description = "The part that was asked for"),
        (status = 304, description = "The caller has it already"),
        (status = 404, description = "There is no such file", body = ErrorBody),
        (status = 416, description = "The part does not exist"),
    ),
)]
pub(crate) async fn read_content(
    State(state): State<AppState>,
    caller: Caller,
    method: Method,
    headers: HeaderMap,
    ApiPath(id): ApiPath<FileId>,
) -> Result<Response, ApiError> {
    let file = StoredFile::load(&state, &caller.tenant, id).await?;
    let served = Served {
        key: file_key(&caller.tenant, id).content(),
        name: file.filename,
        content_type: file.content_type,
        bytes: file.bytes,
        etag: file.sha256,
        modified: file.created_at,
        // The owner may delete it at any time, so every use asks again.
        cache: HeaderValue::from_static("private, no-cache"),
    };
    serve(&state.objects, &served, Asked { method: &method, headers: &headers }).await
}
