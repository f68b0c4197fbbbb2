//! `DELETE /v1/files/{id}`.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::stored::{FileId, StoredFile, file_key};
use crate::api::{ApiError, ApiJson, ApiPath, ErrorBody};
use crate::auth::Caller;
use crate::state::AppState;

/// A file that is gone.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeletedFile {
    /// The file's id.
    id: FileId,
    /// Always `file`.
    object: &'static str,
    /// Always true.
    deleted: bool,
}

/// Deletes a file. A job that was submitted with it and has not started yet will fail.
#[utoipa::path(
    delete, path = "/v1/files/{id}", tag = "files",
    params(("id" = String, Path, description = "The file")),
    responses(
        (status = 200, description = "Deleted", body = DeletedFile),
        (status = 404, description = "There is no such file", body = ErrorBody),
    ),
)]
pub(crate) async fn delete_file(
    State(state): State<AppState>,
    caller: Caller,
    ApiPath(id): ApiPath<FileId>,
) -> Result<ApiJson<DeletedFile>, ApiError> {
    StoredFile::load(&state, &caller.tenant, id).await?;
    let key = file_key(&caller.tenant, id);
    // The description goes first: without it the file does not exist, whatever becomes of the bytes.
    state.objects.delete(&key.meta()).await?;
    state.objects.delete(&key.content()).await?;
    Ok(ApiJson(DeletedFile { id, object: "file", deleted: true }))
}
