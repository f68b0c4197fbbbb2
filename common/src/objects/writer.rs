//! Storing a body that comes in pieces.

use std::fmt;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStore, ObjectStoreExt, PutPayload};
use sha2::{Digest, Sha256};
use tokio::task::{JoinSet, spawn_blocking};

use super::{ObjectError, Stored, bounded, path};

/// Bodies up to this size are stored in one call; larger ones in parts of this size. Two parts are in memory: one that
/// is being taken, one on its way. The clouds want large parts and few of them.
pub(super) const CLOUD_PART: usize = 8 << 20;
/// The same for a local directory: so small that a part is still in the processor's caches when it is written.
pub(super) const LOCAL_PART: usize = 512 << 10;

/// Stores a body piece by piece, counts and hashes it. Nothing is visible under the key before
/// [`finish`](UploadWriter::finish). A writer that failed has given up its parts and takes no more.
pub struct UploadWriter {
    store: Arc<dyn ObjectStore>,
    key: String,
    path: Path,
    limit: u64,
    part: usize,
    bytes: u64,
    /// Of all parts that have arrived; the part on its way has it meanwhile.
    hash: Sha256,
    buffer: BytesMut,
    upload: Option<Box<dyn MultipartUpload>>,
    /// The part on its way, if there is one.
    sending: JoinSet<Result<Sha256, ObjectError>>,
    failed: bool,
}

impl UploadWriter {
    pub(super) fn new(
        store: Arc<dyn ObjectStore>,
        key: &str,
        limit: u64,
        part: usize,
    ) -> Result<Self, ObjectError> {
        Ok(Self {
            store,
            key: key.to_owned(),
            path: path(key)?,
            limit,
            part,
            bytes: 0,
            hash: Sha256::new(),
            buffer: BytesMut::new(),
            upload: None,
            sending: JoinSet::new(),
            failed: false,
        })
    }

    /// How many bytes were taken so far.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes a piece. After an error the writer is of no more use.
    pub async fn write(&mut self, piece: impl AsRef<[u8]>) -> Result<(), ObjectError> {
        let taken = self.take(piece.as_ref()).await;
        if taken.is_err() {
            self.give_up().await;
        }
        taken
    }

    /// Stores what was taken under the key.
    pub async fn finish(mut self) -> Result<Stored, ObjectError> {
        let finished = self.complete().await;
        if finished.is_err() {
            self.give_up().await;
        }
        finished
    }

    /// Gives up: nothing is stored. A writer that is merely dropped does the same in a local directory, but leaves
    /// parts in a cloud until its rules for incomplete uploads remove them.
    pub async fn abort(mut self) {
        self.give_up().await;
    }

    async fn take(&mut self, mut piece: &[u8]) -> Result<(), ObjectError> {
        if self.failed {
            return Err(ObjectError::Unavailable("the upload was given up".to_owned()));
        }
        self.bytes = self.bytes.saturating_add(piece.len() as u64);
        if self.bytes > self.limit {
            return Err(ObjectError::TooLarge { limit: self.limit });
        }
        while self.buffer.len() + piece.len() > self.part {
            let (now, later) = piece.split_at(self.part - self.buffer.len());
            self.buffer.extend_from_slice(now);
            let part = self.buffer.split().freeze();
            self.send(part).await?;
            self.buffer.reserve(self.part);
            piece = later;
        }
        self.buffer.extend_from_slice(piece);
        Ok(())
    }

    /// Waits for the part before, and sends this one off: it is hashed and stored at the same time, each on a thread
    /// that may block, while the next one is taken.
    async fn send(&mut self, part: Bytes) -> Result<(), ObjectError> {
        self.arrive().await?;
        let bytes = part.len() as u64;
        let storing = self.upload().await?.put_part(PutPayload::from_bytes(part.clone()));
        let (key, mut hash) = (self.key.clone(), std::mem::take(&mut self.hash));
        self.sending.spawn(async move {
            let hashing = spawn_blocking(move || {
                hash.update(&part);
                hash
            });
            let (hashed, stored) = tokio::join!(hashing, bounded(&key, bytes, storing));
            stored?;
            hashed.map_err(|error| ObjectError::Unavailable(error.to_string()))
        });
        Ok(())
    }

    /// Waits until no part is on its way.
    async fn arrive(&mut self) -> Result<(), ObjectError> {
        if let Some(sent) = self.sending.join_next().await {
            self.hash = sent.map_err(|error| ObjectError::Unavailable(error.to_string()))??;
        }
        Ok(())
    }

    async fn upload(&mut self) -> Result<&mut Box<dyn MultipartUpload>, ObjectError> {
        match &mut self.upload {
            Some(upload) => Ok(upload),
            none => {
                let begun = self.store.put_multipart(&self.path);
                Ok(none.insert(bounded(&self.key, 0, begun).await?))
            }
        }
    }

    async fn complete(&mut self) -> Result<Stored, ObjectError> {
        if self.failed {
            return Err(ObjectError::Unavailable("the upload was given up".to_owned()));
        }
        self.arrive().await?;
        let rest = self.buffer.split().freeze();
        self.hash.update(&rest);
        let bytes = rest.len() as u64;
        let rest = PutPayload::from_bytes(rest);
        if let Some(upload) = &mut self.upload {
            bounded(&self.key, bytes, upload.put_part(rest)).await?;
        } else {
            bounded(&self.key, bytes, self.store.put(&self.path, rest)).await?;
        }
        if let Some(upload) = &mut self.upload {
            // The sync of the whole file happens here.
            bounded(&self.key, self.bytes, upload.complete()).await?;
        }
        let sha256 = hex(&std::mem::take(&mut self.hash).finalize());
        Ok(Stored { bytes: self.bytes, sha256 })
    }

    async fn give_up(&mut self) {
        self.failed = true;
        self.buffer = BytesMut::new();
        self.sending.shutdown().await;
        if let Some(mut upload) = self.upload.take()
            && let Err(error) = bounded(&self.key, 0, upload.abort()).await
        {
            tracing::debug!(key = self.key, %error, "the parts of an upload were not removed");
        }
    }
}

impl fmt::Debug for UploadWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadWriter").field("key", &self.key).field("bytes", &self.bytes).finish()
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
