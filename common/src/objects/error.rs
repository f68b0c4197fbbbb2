//! What can go wrong with objects.

use std::error::Error;
use std::io;
use std::time::Duration;

use super::told::{causes, is_without_bucket, told};

/// A call to the object store failed.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    /// There is no such object.
    #[error("there is no object '{0}'")]
    NotFound(String),
    /// The store has no room.
    #[error("the object store is full")]
    Full,
    /// The object is over the limit of the call; nothing was stored.
    #[error("the object is over the limit of {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The store does not answer, refuses, or answers what can not be understood. Worth another try.
    #[error("the object store does not serve: {0}")]
    Unavailable(String),
    /// The key can not be one.
    #[error("not a key of an object: {0}")]
    BadKey(String),
    /// The store can not be used as configured.
    #[error("{0}")]
    Unsuitable(String),
    /// A file of this machine, not of the store, can not be read or written.
    #[error("a local file can not be used: {0}")]
    Local(String),
}

impl ObjectError {
    /// What the store's error about the object `key` means.
    pub(super) fn of(error: object_store::Error, key: &str) -> Self {
        if is_full(&error) {
            return Self::Full;
        }
        match error {
            // Every object would seem to be gone for good.
            missing if is_without_bucket(&missing) => Self::Unavailable(told(&missing)),
            object_store::Error::NotFound { .. } => Self::NotFound(key.to_owned()),
            object_store::Error::InvalidPath { source } => Self::BadKey(source.to_string()),
            other => Self::Unavailable(told(&other)),
        }
    }

    pub(super) fn no_answer(limit: Duration) -> Self {
        Self::Unavailable(format!("no answer within {limit:?}"))
    }

    /// A failure of the file at `path` on this machine.
    pub(super) fn file(path: &std::path::Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.display().to_string();
        move |error| Self::Local(format!("{path}: {error}"))
    }
}

/// Whether a full disk or an exhausted quota is at the bottom of it.
fn is_full(error: &(dyn Error + 'static)) -> bool {
    causes(error).filter_map(|error| error.downcast_ref::<io::Error>()).any(|error| {
        matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_apart() {
        let full = object_store::Error::Generic {
            store: "LocalFileSystem",
            source: Box::new(io::Error::from(io::ErrorKind::StorageFull)),
        };
        assert!(matches!(ObjectError::of(full, "k"), ObjectError::Full));
        let broken = object_store::Error::Generic {
            store: "LocalFileSystem",
            source: Box::new(io::Error::from(io::ErrorKind::BrokenPipe)),
        };
        assert!(matches!(ObjectError::of(broken, "k"), ObjectError::Unavailable(_)));
    }
}
