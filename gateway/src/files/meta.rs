//! `GET /v1/files/{id}`.

use axum::extract::State;

use super::stored::{FileId, StoredFile};
use crate::api::{ApiError, ApiJson, ApiPath, ErrorBody};
use crate::auth::Caller;
use crate::state::AppState;

/// Reads what is known of a file.
#[utoipa::path(
    get, path = "/v1/files/{id}", tag = "files",
    params(("id" = String, Path, description = "The file")),
    responses(
        (status = 200, description = "The file", body = StoredFile),
        (status = 404, description = "There is no such file", body = ErrorBody),
    ),
)]
pub(crate) async fn read_file(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<FileId>,
) -> Result<ApiJson<StoredFile>, ApiError> {
    StoredFile::load(&state, &caller.tenant, id).await.map(ApiJson)
}
