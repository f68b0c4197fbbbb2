//! Taking a file for a job, from wherever the caller has it.

use axum::extract::multipart::Field;
use common::job::{InputFile, JobId, Tenant};
use common::objects::fetched_input;
use common::operation::FieldError;

use super::data_url;
use super::store::{StoredContent, store_bytes, store_part};
use crate::api::ApiError;
use crate::files::{FileId, StoredFile, file_key};
use crate::state::Services;

/// The longest role of a file.
const MAX_NAME: usize = 64;

/// Fetches the file behind a URL (`https`, `data`, and `http` where allowed) for a job. Refused when the target is not
/// allowed, does not answer in time, or is over the size limit.
pub(crate) async fn fetch(
    services: &Services,
    job: JobId,
    name: &str,
    url: &str,
) -> Result<InputFile, ApiError> {
    check_name(name)?;
    let key = fetched_input(job, name);
    let stored = if url.starts_with("data:") {
        let content = data_url::read(url).map_err(|message| wrong(name, message))?;
        store_bytes(&services.objects, &key, content).await?
    } else {
        let limit = services.config.gateway.file_limit;
        services
            .fetcher
            .fetch(&services.objects, &key, limit, url)
            .await
            .map_err(|error| error.into_api_error(&field(name)))?
    };
    Ok(input(name, key, stored))
}

/// Takes a file that was uploaded before. The job refers to it; it is not copied.
pub(crate) async fn from_file_id(
    services: &Services,
    tenant: &Tenant,
    name: &str,
    id: &str,
) -> Result<InputFile, ApiError> {
    check_name(name)?;
    let unknown = || wrong(name, format!("there is no file '{id}'"));
    let id = id.parse::<FileId>().map_err(|_| unknown())?;
    let file = match StoredFile::load(services, tenant, id).await {
        Err(error) if error.status() == http::StatusCode::NOT_FOUND => return Err(unknown()),
        other => other?,
    };
    Ok(InputFile {
        name: name.to_owned(),
        key: file_key(tenant, id).content(),
        content_type: file.content_type,
        bytes: file.bytes,
    })
}

/// Takes a file from a part of a multipart form, streaming it to the object store. Returns its SHA-256 besides, in hex.
pub(crate) async fn from_part(
    services: &Services,
    job: JobId,
    name: &str,
    part: Field<'_>,
) -> Result<(InputFile, String), ApiError> {
    check_name(name)?;
    let key = fetched_input(job, name);
    let limit = services.config.gateway.file_limit;
    let file_name = part.file_name().unwrap_or_default().to_owned();
    let stored = store_part(&services.objects, &key, limit, &file_name, part).await?;
    let sha256 = stored.sha256.clone();
    Ok((input(name, key, stored), sha256))
}

/// Whether the text may name the role of a file: it becomes part of an object key.
fn check_name(name: &str) -> Result<(), ApiError> {
    let legal = (1..=MAX_NAME).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    if legal { Ok(()) } else { Err(wrong("*", "a file's role is 1 to 64 of a-z, 0-9 and _")) }
}

fn input(name: &str, key: String, stored: StoredContent) -> InputFile {
    InputFile { name: name.to_owned(), key, content_type: stored.content_type, bytes: stored.bytes }
}

fn field(name: &str) -> String {
    format!("files.{name}")
}

fn wrong(name: &str, message: impl Into<String>) -> ApiError {
    ApiError::invalid(vec![FieldError { field: field(name), message: message.into() }])
}
