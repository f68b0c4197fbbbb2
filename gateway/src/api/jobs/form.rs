//! A job as a multipart form: the part `job` is the JSON, every other part is a file named by its role.

use std::collections::BTreeMap;

use axum::extract::Multipart;
use axum::extract::multipart::Field;
use bytes::{Bytes, BytesMut};
use common::job::{JobId, Lane, Tenant};
use utoipa::ToSchema;

use super::body::JobRequest;
use crate::api::{ApiError, part_error};
use crate::idempotency::Fingerprint;
use crate::inputs;
use crate::state::AppState;
use crate::submit::{GivenFile, SubmitRequest};

/// More files than any operation takes.
const MAX_FILES: usize = 16;

/// The form of a job.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described: the form is read as it streams in")]
pub(crate) struct JobForm {
    /// The job as JSON, as in a request without files.
    job: String,
    /// A file; the name of the part is its role, for example `source`.
    #[schema(value_type = String, format = Binary)]
    source: Vec<u8>,
}

/// A form that was read; its files lie under `id`.
pub(super) struct ReadForm {
    pub(super) id: JobId,
    pub(super) job: SubmitRequest,
    pub(super) files: BTreeMap<String, GivenFile>,
    pub(super) fingerprint: Fingerprint,
}

/// Reads a form; its files stream into the object store. On failure nothing stays behind.
pub(super) async fn read_form(
    state: &AppState,
    tenant: &Tenant,
    route: &str,
    form: Multipart,
) -> Result<ReadForm, ApiError> {
    let id = JobId::new(state.clock.as_ref());
    let read = read_parts(state, tenant, id, route, form).await;
    if read.is_err() {
        let removed = state.objects.delete_prefix(&common::objects::job_prefix(id)).await;
        if let Err(error) = removed {
            tracing::debug!(%tenant, %error, "files of a refused form were not removed");
        }
    }
    read
}

async fn read_parts(
    state: &AppState,
    tenant: &Tenant,
    id: JobId,
    route: &str,
    mut form: Multipart,
) -> Result<ReadForm, ApiError> {
    let mut job = None;
    let mut files = BTreeMap::new();
    let mut fingerprint = Fingerprint::of_route(route);
    while let Some(part) = form.next_field().await.map_err(|error| part_error(&error))? {
        let Some(role) = part.name().map(str::to_owned) else {
            return Err(ApiError::malformed("A part of the form has no name."));
        };
        fingerprint = fingerprint.with(role.as_bytes());
        if role == "job" {
            if job.is_some() {
                return Err(ApiError::invalid_field("job", "is there more than once"));
            }
            let text = read_text(part, state.config.gateway.body_limit).await?;
            fingerprint = fingerprint.with(&text);
            job = Some(text);
        } else {
            if files.len() == MAX_FILES || files.contains_key(&role) {
                return Err(ApiError::invalid_field(
                    format!("files.{role}"),
                    "is there more than once, or is one file too many",
                ));
            }
            let (file, sha256) = inputs::from_part(state, id, &role, part).await?;
            fingerprint = fingerprint.with(sha256.as_bytes());
            files.insert(role, GivenFile::Stored(file));
        }
    }
    let job = job.ok_or_else(|| {
        ApiError::invalid_field("job", "is missing: the part with the job as JSON")
    })?;
    let job = JobRequest::read(&job, tenant.clone(), Lane::Normal)?;
    Ok(ReadForm { id, job, files, fingerprint })
}

async fn read_text(mut part: Field<'_>, limit: u64) -> Result<Bytes, ApiError> {
    let mut text = BytesMut::new();
    while let Some(chunk) = part.chunk().await.map_err(|error| part_error(&error))? {
        if (text.len() + chunk.len()) as u64 > limit {
            return Err(ApiError::too_large(limit));
        }
        text.extend_from_slice(&chunk);
    }
    Ok(text.freeze())
}
