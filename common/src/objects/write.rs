//! Writing.

use std::path::Path;

use bytes::Bytes;
use object_store::{ObjectStore, PutMode, PutPayload};
use tokio::io::AsyncReadExt;

use super::writer::{CLOUD_PART, LOCAL_PART};
use super::{ObjectError, Objects, Stored, UploadWriter, WHOLE_LIMIT, bounded, path};

/// How much of a local file is read at once.
const CHUNK: usize = 1 << 20;

impl Objects {
    /// Stores `body`, at most [`WHOLE_LIMIT`] bytes, under `key`. Doing it again does no harm.
    pub async fn put(&self, key: &str, body: impl Into<Bytes>) -> Result<(), ObjectError> {
        self.put_with(key, body.into(), PutMode::Overwrite).await.map(drop)
    }

    /// Stores `body` under `key` if nothing is there yet, and returns whether it did.
    pub async fn put_new(&self, key: &str, body: impl Into<Bytes>) -> Result<bool, ObjectError> {
        self.put_with(key, body.into(), PutMode::Create).await
    }

    async fn put_with(&self, key: &str, body: Bytes, mode: PutMode) -> Result<bool, ObjectError> {
        let bytes = body.len() as u64;
        if bytes > WHOLE_LIMIT {
            return Err(ObjectError::TooLarge { limit: WHOLE_LIMIT });
        }
        let path = path(key)?;
        let put = async {
            let payload = PutPayload::from_bytes(body);
            match self.store.put_opts(&path, payload, mode.into()).await {
                Ok(_) => Ok(true),
                Err(object_store::Error::AlreadyExists { .. }) => Ok(false),
                Err(error) => Err(error),
            }
        };
        bounded(key, bytes, put).await
    }

    /// A writer for a body that comes in pieces. What is over `limit` bytes is refused.
    pub fn writer(&self, key: &str, limit: u64) -> Result<UploadWriter, ObjectError> {
        let part = if self.local.is_some() { LOCAL_PART } else { CLOUD_PART };
        UploadWriter::new(self.store.clone(), key, limit, part)
    }

    /// Stores the local file `from` under `key`.
    pub async fn upload(&self, key: &str, from: &Path) -> Result<Stored, ObjectError> {
        let mut file = tokio::fs::File::open(from).await.map_err(ObjectError::file(from))?;
        let mut writer = self.writer(key, u64::MAX)?;
        let mut piece = vec![0; CHUNK];
        loop {
            match file.read(&mut piece).await {
                Ok(0) => return writer.finish().await,
                Ok(read) => writer.write(&piece[..read]).await?,
                Err(error) => {
                    writer.abort().await;
                    return Err(ObjectError::file(from)(error));
                }
            }
        }
    }
}
