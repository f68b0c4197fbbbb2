//! `POST /v1/files`.

use axum::extract::State;
use axum::extract::multipart::{Field, Multipart};
use common::job::Tenant;
use http::StatusCode;
use utoipa::ToSchema;

use super::disposition::clean_name;
use super::stored::{FileId, StoredFile, file_key};
use crate::api::{ApiError, ApiJson, ApiMultipart, ErrorBody, part_error};
use crate::auth::Caller;
use crate::inputs::store_part;
use crate::state::{AppState, Services};

/// The longest value of a field beside the file.
const MAX_FIELD_BYTES: usize = 256;

/// The form of an upload.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described: the form is read as it streams in")]
pub(crate) struct UploadForm {
    /// The file, with its name.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// What you want it for, in your own word.
    purpose: Option<String>,
}

/// Uploads a file.
#[utoipa::path(
    post, path = "/v1/files", tag = "files",
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Stored", body = StoredFile),
        (status = 400, description = "Not a multipart form", body = ErrorBody),
        (status = 413, description = "Over the size limit", body = ErrorBody),
        (status = 422, description = "No part named file", body = ErrorBody),
    ),
)]
pub(crate) async fn upload_file(
    State(state): State<AppState>,
    caller: Caller,
    ApiMultipart(form): ApiMultipart,
) -> Result<(StatusCode, ApiJson<StoredFile>), ApiError> {
    let id = FileId::new(&*state.clock);
    let stored = store(&state, &caller.tenant, id, form).await;
    if stored.is_err() {
        // Nobody will ask for the bytes of a form that was refused after its file.
        let _ = state.objects.delete(&file_key(&caller.tenant, id).content()).await;
    }
    Ok((StatusCode::CREATED, ApiJson(stored?)))
}

async fn store(
    services: &Services,
    tenant: &Tenant,
    id: FileId,
    mut form: Multipart,
) -> Result<StoredFile, ApiError> {
    let (mut file, mut purpose) = (None, None);
    while let Some(field) = form.next_field().await.map_err(|error| part_error(&error))? {
        match field.name() {
            Some("file") if file.is_none() => {
                file = Some(store_file(services, tenant, id, field).await?);
            }
            Some("file") => {
                return Err(ApiError::invalid_field("file", "is there more than once"));
            }
            Some("purpose") => purpose = Some(short_text("purpose", field).await?),
            // Other fields of other products' forms are read over; the size of the whole form is bounded.
            _ => {}
        }
    }
    let mut file = file.ok_or_else(|| ApiError::invalid_field("file", "is missing"))?;
    file.purpose = purpose.filter(|text| !text.is_empty());
    file.save(services, tenant).await?;
    Ok(file)
}

async fn store_file(
    services: &Services,
    tenant: &Tenant,
    id: FileId,
    field: Field<'_>,
) -> Result<StoredFile, ApiError> {
    let filename = clean_name(field.file_name().unwrap_or_default());
    let key = file_key(tenant, id).content();
    let limit = services.config.gateway.file_limit;
    let part = store_part(&services.objects, &key, limit, &filename, field).await?;
    let created_at = services.clock.now();
    Ok(StoredFile {
        id,
        object: "file".to_owned(),
        filename,
        content_type: part.content_type,
        bytes: part.bytes,
        sha256: part.sha256,
        purpose: None,
        created_at,
        expires_at: created_at.plus(services.config.retention.files),
    })
}

async fn short_text(name: &'static str, mut field: Field<'_>) -> Result<String, ApiError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = field.chunk().await.map_err(|error| part_error(&error))? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_FIELD_BYTES {
            let message = format!("is longer than {MAX_FIELD_BYTES} bytes");
            return Err(ApiError::invalid_field(name, message));
        }
    }
    String::from_utf8(bytes).map_err(|_| ApiError::invalid_field(name, "is not UTF-8 text"))
}
