//! Whether the store serves.

use std::time::Duration;

use futures::TryStreamExt;
use object_store::ObjectStore;

use super::{Local, ObjectError, Objects, path};
use crate::clock::Clock;

/// How long a sign of life may take.
const PATIENCE: Duration = Duration::from_secs(2);

impl Objects {
    /// Asks for a sign of life, within two seconds. Changes nothing.
    pub async fn check(&self) -> Result<(), ObjectError> {
        let check = async {
            if let Some(Local { dir, .. }) = &self.local {
                let found = tokio::fs::metadata(dir).await.map_err(ObjectError::file(dir))?;
                if !found.is_dir() {
                    return Err(ObjectError::Unavailable(format!(
                        "{} is no directory",
                        dir.display()
                    )));
                }
            }
            // A list, because to ask for one object gets the same answer from a bucket that is not there.
            match self.store.list(Some(&path("health")?)).try_next().await {
                Ok(_) => Ok(()),
                Err(error) => Err(ObjectError::of(error, "health")),
            }
        };
        tokio::time::timeout(PATIENCE, check).await.unwrap_or(Err(ObjectError::no_answer(PATIENCE)))
    }

    /// Writes, reads and removes a small object, to see that the store takes writes.
    pub async fn check_write(&self, clock: &dyn Clock) -> Result<(), ObjectError> {
        let key = format!("health/{}", clock.new_uuid());
        self.put(&key, &b"ok"[..]).await?;
        let read = self.get_capped(&key, 16).await;
        self.delete(&key).await?;
        match read?.as_ref() {
            b"ok" => Ok(()),
            _ => Err(ObjectError::Unavailable("it returns what was not written".to_owned())),
        }
    }
}
