//! An uploaded file as it is kept and shown.

use bytes::Bytes;
use common::clock::Timestamp;
use common::job::{Id, Tenant};
use common::objects::{FileKey, ObjectError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::api::ApiError;
use crate::state::Services;

/// Marks the id of a file.
pub(crate) enum FileKind {}
/// Names an uploaded file.
pub(crate) type FileId = Id<FileKind>;

/// An uploaded file.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub(crate) struct StoredFile {
    /// The file's id.
    pub id: FileId,
    /// Always `file`.
    pub object: String,
    /// Its name, as the caller gave it.
    pub filename: String,
    /// Its media type, told by its first bytes where possible.
    pub content_type: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes, in hex.
    pub sha256: String,
    /// What the caller wants it for, in its own word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// When it was uploaded.
    pub created_at: Timestamp,
    /// When it is removed.
    pub expires_at: Timestamp,
}

impl StoredFile {
    /// The description of a tenant's file.
    pub(crate) async fn load(
        services: &Services,
        tenant: &Tenant,
        id: FileId,
    ) -> Result<Self, ApiError> {
        let bytes = match services.objects.get(&file_key(tenant, id).meta()).await {
            Err(ObjectError::NotFound(_)) => return Err(ApiError::not_found("file")),
            other => other?,
        };
        serde_json::from_slice(&bytes).map_err(ApiError::internal)
    }

    /// Stores the description; from now on the file exists for its tenant.
    pub(super) async fn save(&self, services: &Services, tenant: &Tenant) -> Result<(), ApiError> {
        let bytes = serde_json::to_vec(self).map_err(ApiError::internal)?;
        services.objects.put(&file_key(tenant, self.id).meta(), Bytes::from(bytes)).await?;
        Ok(())
    }
}

/// Where a tenant's file lies in the object store.
pub(crate) fn file_key(tenant: &Tenant, id: FileId) -> FileKey {
    FileKey { tenant: tenant.clone(), id: id.to_string() }
}
