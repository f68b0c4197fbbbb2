//! Removing and listing.

use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt};

use super::{CALL_TIMEOUT, ObjectError, ObjectMeta, Objects, bounded, path};
use crate::clock::Timestamp;

impl Objects {
    /// Removes the object. One that is not there counts as removed.
    pub async fn delete(&self, key: &str) -> Result<(), ObjectError> {
        let path = path(key)?;
        match bounded(key, 0, self.store.delete(&path)).await {
            Err(ObjectError::NotFound(_)) => Ok(()),
            other => other,
        }
    }

    /// Removes every object below `prefix` (whole segments: `jobs/1` is not below `jobs/12`) and returns how many
    /// there were. Fails at the first that can not be removed; doing it again goes on.
    pub async fn delete_prefix(&self, prefix: &str) -> Result<u64, ObjectError> {
        let prefix_path = path(prefix)?;
        if prefix_path.is_root() {
            return Err(ObjectError::BadKey("a prefix is needed".to_owned()));
        }
        let listed = self.store.list(Some(&prefix_path)).map_ok(|meta| meta.location).boxed();
        let mut removed = self.store.delete_stream(listed);
        let mut count = 0;
        loop {
            let next = tokio::time::timeout(CALL_TIMEOUT, removed.next()).await;
            match next.map_err(|_| ObjectError::no_answer(CALL_TIMEOUT))? {
                None => return Ok(count),
                Some(Ok(_)) => count += 1,
                Some(Err(error)) => match ObjectError::of(error, prefix) {
                    // Somebody else was faster.
                    ObjectError::NotFound(_) => {}
                    error => return Err(error),
                },
            }
        }
    }

    /// Every object below `prefix` that was written before `older_than` (all, without it), in no promised order.
    /// An empty prefix means the whole store.
    pub fn list(
        &self,
        prefix: &str,
        older_than: Option<Timestamp>,
    ) -> BoxStream<'static, Result<ObjectMeta, ObjectError>> {
        let prefix_path = match path(prefix) {
            Ok(path) => path,
            Err(error) => return stream::iter([Err(error)]).boxed(),
        };
        let prefix = prefix.to_owned();
        let listed = self.store.list(Some(&prefix_path).filter(|path| !path.is_root()));
        stream::try_unfold((listed, prefix), |(mut listed, prefix)| async move {
            let next = tokio::time::timeout(CALL_TIMEOUT, listed.try_next())
                .await
                .map_err(|_| ObjectError::no_answer(CALL_TIMEOUT))?
                .map_err(|error| ObjectError::of(error, &prefix))?;
            Ok(next.map(|meta| (ObjectMeta::from(meta), (listed, prefix))))
        })
        .try_filter(move |meta| {
            std::future::ready(older_than.is_none_or(|limit| meta.modified < limit))
        })
        .boxed()
    }
}
