//! The object store: inputs, results, artifacts and uploaded files, under typed keys.
//!
//! A local directory, S3, Google Cloud Storage, Azure or the memory of the process, chosen by URL (see
//! [`Objects::open`]). Every call is bounded in time; every body is bounded in size or streamed. Objects are written
//! once and never changed, so a reader needs no lock.
//!
//! **Durability.** A write to a local directory goes to a file beside its place, is synced to disk, renamed, and the
//! directory is synced too, before the call returns. The clouds answer after they have stored.

mod cloud;
mod error;
mod health;
mod key;
mod leftovers;
mod open;
mod pieces;
mod read;
mod remove;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod told;
mod write;
mod writer;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::ObjectStore;
use object_store::local::LocalFileSystem;
use object_store::path::Path;

use crate::clock::Timestamp;

pub use error::ObjectError;
pub use key::{FileKey, RunKey, fetched_input, input_key, job_prefix};
pub use read::ObjectStream;
pub use writer::UploadWriter;

/// How long a call may take that moves no body, or one piece of a streamed body.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
/// The slowest store that is put up with: a body may take this long per mebibyte on top.
const TIME_PER_MIB: Duration = Duration::from_secs(1);
/// The largest object that is read or written in one piece; larger ones are streamed.
pub const WHOLE_LIMIT: u64 = 256 << 20;

/// The object store. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    local: Option<Local>,
    place: Arc<str>,
}

/// The store once more, when it is a local directory.
#[derive(Clone, Debug)]
struct Local {
    dir: PathBuf,
    files: Arc<LocalFileSystem>,
}

/// What the store knows about an object without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Its key.
    pub key: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Changes with the content; without quotes. Absent when the store has none.
    pub etag: Option<String>,
    /// When it was written.
    pub modified: Timestamp,
}

/// What was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes, in lower-case hex.
    pub sha256: String,
}

impl Objects {
    /// Where the objects lie, for people: the URL.
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl From<object_store::ObjectMeta> for ObjectMeta {
    fn from(meta: object_store::ObjectMeta) -> Self {
        Self {
            key: meta.location.to_string(),
            bytes: meta.size,
            etag: meta.e_tag.map(|tag| tag.trim_matches('"').to_owned()),
            modified: Timestamp::from_micros(meta.last_modified.timestamp_micros()),
        }
    }
}

/// The store's form of a key.
fn path(key: &str) -> Result<Path, ObjectError> {
    Path::parse(key).map_err(|error| ObjectError::BadKey(error.to_string()))
}

/// Bounds a call that moves `bytes`.
async fn bounded<T>(
    key: &str,
    bytes: u64,
    call: impl Future<Output = object_store::Result<T>>,
) -> Result<T, ObjectError> {
    let limit = patience(bytes);
    tokio::time::timeout(limit, call)
        .await
        .map_err(|_| ObjectError::no_answer(limit))?
        .map_err(|error| ObjectError::of(error, key))
}

/// How long a call may take that moves `bytes`.
fn patience(bytes: u64) -> Duration {
    let mebibytes = u32::try_from(bytes >> 20).unwrap_or(u32::MAX);
    CALL_TIMEOUT.saturating_add(TIME_PER_MIB.saturating_mul(mebibytes))
}
