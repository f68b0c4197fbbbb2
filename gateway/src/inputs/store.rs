//! Streaming a file into the object store under a size limit, looking at its first bytes on the way.

use axum::extract::multipart::Field;
use bytes::Bytes;
use common::objects::{ObjectError, Objects, UploadWriter};

use super::data_url::DataUrl;
use crate::api::{ApiError, part_error};
use crate::files::{SNIFF_BYTES, sniff};

/// What was stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredContent {
    /// Media type, told by the first bytes where possible.
    pub content_type: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes, in hex.
    pub sha256: String,
}

/// A file on its way into the object store. Abort it when its source fails.
pub(super) struct Incoming {
    writer: UploadWriter,
    start: Vec<u8>,
}

impl Incoming {
    /// Begins an object of at most `limit` bytes.
    pub(super) fn begin(objects: &Objects, key: &str, limit: u64) -> Result<Self, ObjectError> {
        Ok(Self { writer: objects.writer(key, limit)?, start: Vec::new() })
    }

    /// Adds a part.
    pub(super) async fn write(&mut self, part: Bytes) -> Result<(), ObjectError> {
        let room = SNIFF_BYTES.saturating_sub(self.start.len());
        self.start.extend_from_slice(&part[..part.len().min(room)]);
        self.writer.write(part).await
    }

    /// Makes the object visible. `declared` and `name` help where the bytes do not tell the type.
    pub(super) async fn finish(
        self,
        declared: &str,
        name: &str,
    ) -> Result<StoredContent, ObjectError> {
        let content_type = sniff(&self.start, declared, name);
        let stored = self.writer.finish().await?;
        Ok(StoredContent { content_type, bytes: stored.bytes, sha256: stored.sha256 })
    }

    /// Leaves nothing behind.
    pub(super) async fn abort(self) {
        self.writer.abort().await;
    }
}

/// Stores a part of a multipart form.
pub(crate) async fn store_part(
    objects: &Objects,
    key: &str,
    limit: u64,
    name: &str,
    mut part: Field<'_>,
) -> Result<StoredContent, ApiError> {
    let declared = part.content_type().unwrap_or_default().to_owned();
    let mut incoming = Incoming::begin(objects, key, limit)?;
    match copy(&mut incoming, &mut part).await {
        Ok(()) => Ok(incoming.finish(&declared, name).await?),
        Err(error) => {
            incoming.abort().await;
            Err(error)
        }
    }
}

/// Stores the content of a data URL.
pub(super) async fn store_bytes(
    objects: &Objects,
    key: &str,
    content: DataUrl,
) -> Result<StoredContent, ApiError> {
    let mut incoming = Incoming::begin(objects, key, content.bytes.len() as u64)?;
    incoming.write(Bytes::from(content.bytes)).await?;
    Ok(incoming.finish(&content.content_type, "").await?)
}

async fn copy(incoming: &mut Incoming, part: &mut Field<'_>) -> Result<(), ApiError> {
    while let Some(chunk) = part.chunk().await.map_err(|error| part_error(&error))? {
        incoming.write(chunk).await?;
    }
    Ok(())
}
