//! Live configuration: a NATS KV bucket held in memory, with proof of how fresh the memory is.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use async_nats::jetstream::kv::{self, CreateErrorKind, Operation, UpdateErrorKind};
use bytes::Bytes;
use futures::StreamExt;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::subjects::CONFIG_BUCKET;
use super::{Bus, BusError, bounded, patiently};

/// How often the applied revision is compared with the bucket's.
const COMPARE_EVERY: Duration = Duration::from_secs(3);
/// Memory that was not proven equal to the bucket for this long is stale: keys are refused.
const STALE_AFTER: Duration = Duration::from_secs(30);
/// A watch that stays behind the bucket for this long is dead and is made anew.
const WATCH_PATIENCE: Duration = Duration::from_secs(5);

/// The live configuration. Cheap to clone; reads never leave the process.
#[derive(Clone)]
pub struct ConfigStore {
    bucket: kv::Store,
    shared: Arc<Shared>,
    applied: watch::Receiver<u64>,
}

struct Shared {
    entries: RwLock<BTreeMap<String, (Bytes, u64)>>,
    started: Instant,
    /// Milliseconds after `started` at which memory was last proven equal to the bucket; 0 means never.
    proven_ms: AtomicU64,
}

/// A write to the configuration did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ConfigWriteError {
    /// Somebody else wrote the key since it was read.
    #[error("the setting was changed by somebody else in the meantime; read it again")]
    Conflict,
    /// The broker does not answer.
    #[error(transparent)]
    Bus(#[from] BusError),
}

impl Bus {
    /// Loads the configuration and keeps it up to date until `stop`. The future that is returned besides must be
    /// spawned: it watches the bucket.
    pub async fn open_config(
        &self,
        stop: CancellationToken,
    ) -> Result<(ConfigStore, impl Future<Output = ()> + Send + 'static), BusError> {
        let open = || bounded(self.jetstream.get_key_value(CONFIG_BUCKET));
        let bucket = patiently(self.patience, open).await?;
        let (sender, applied) = watch::channel(0);
        let shared = Arc::new(Shared {
            entries: RwLock::default(),
            started: Instant::now(),
            proven_ms: AtomicU64::new(0),
        });
        let store = ConfigStore { bucket, shared, applied };
        let keeper = store.clone();
        let task = async move {
            while !stop.is_cancelled() {
                if let Err(error) = keeper.watch(&sender, &stop).await {
                    tracing::warn!(%error, "the configuration can not be watched; trying again");
                }
                tokio::select! {
                    () = stop.cancelled() => {}
                    () = tokio::time::sleep(Duration::from_millis(500)) => {}
                }
            }
        };
        Ok((store, task))
    }
}

impl ConfigStore {
    /// Whether memory was proven equal to the bucket within the last 30 seconds. When not, nothing may be granted
    /// on its word: a revoked key might still be in it.
    pub fn fresh(&self) -> bool {
        let proven = self.shared.proven_ms.load(Ordering::Acquire);
        proven > 0 && self.shared.started.elapsed() < Duration::from_millis(proven) + STALE_AFTER
    }

    /// Waits until memory is equal to the bucket for the first time.
    pub async fn ready(&self, patience: Duration) -> Result<(), BusError> {
        let deadline = Instant::now() + patience;
        while !self.fresh() {
            if Instant::now() >= deadline {
                return Err(BusError::unavailable("the configuration was not loaded in time"));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// The value of a key and its revision. A value that can not be read counts as absent and is logged.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Option<(T, u64)> {
        let entries = self.entries();
        let (bytes, revision) = entries.get(key)?;
        decode(key, bytes).map(|value| (value, *revision))
    }

    /// Every key below `prefix` with its value.
    pub fn list<T: DeserializeOwned>(&self, prefix: &str) -> Vec<(String, T)> {
        self.entries()
            .range(prefix.to_owned()..)
            .take_while(|(key, _)| key.starts_with(prefix))
            .filter_map(|(key, (bytes, _))| decode(key, bytes).map(|value| (key.clone(), value)))
            .collect()
    }

    /// Whether there is a key below `prefix`.
    pub fn any(&self, prefix: &str) -> bool {
        self.entries()
            .range(prefix.to_owned()..)
            .next()
            .is_some_and(|(key, _)| key.starts_with(prefix))
    }

    /// Writes a key that must not exist. Returns its revision.
    pub async fn create<T: Serialize>(
        &self,
        key: &str,
        value: &T,
    ) -> Result<u64, ConfigWriteError> {
        let bytes = encode(value)?;
        let written =
            tokio::time::timeout(super::CALL_TIMEOUT, self.bucket.create(key, bytes)).await;
        match written {
            Ok(Ok(revision)) => self.applied(revision).await,
            Ok(Err(error)) if error.kind() == CreateErrorKind::AlreadyExists => {
                Err(ConfigWriteError::Conflict)
            }
            Ok(Err(error)) => Err(BusError::unavailable(error).into()),
            Err(_) => Err(BusError::unavailable("a setting was not written in time").into()),
        }
    }

    /// Writes a key that must stand at `revision`. Returns its new revision.
    pub async fn update<T: Serialize>(
        &self,
        key: &str,
        value: &T,
        revision: u64,
    ) -> Result<u64, ConfigWriteError> {
        let bytes = encode(value)?;
        let update = self.bucket.update(key, bytes, revision);
        match tokio::time::timeout(super::CALL_TIMEOUT, update).await {
            Ok(Ok(revision)) => self.applied(revision).await,
            Ok(Err(error)) if error.kind() == UpdateErrorKind::WrongLastRevision => {
                Err(ConfigWriteError::Conflict)
            }
            Ok(Err(error)) => Err(BusError::unavailable(error).into()),
            Err(_) => Err(BusError::unavailable("a setting was not written in time").into()),
        }
    }

    /// Removes a key that must stand at `revision`.
    pub async fn delete(&self, key: &str, revision: u64) -> Result<(), ConfigWriteError> {
        let delete = self.bucket.delete_expect_revision(key, Some(revision));
        match tokio::time::timeout(super::CALL_TIMEOUT, delete).await {
            Ok(Ok(())) => self.applied(revision + 1).await.map(drop),
            Ok(Err(error)) if error.to_string().contains("wrong last") => {
                Err(ConfigWriteError::Conflict)
            }
            Ok(Err(error)) => Err(BusError::unavailable(error).into()),
            Err(_) => Err(BusError::unavailable("a setting was not removed in time").into()),
        }
    }

    /// Waits until a write of this process shows in its own memory, so that it reads what it wrote.
    async fn applied(&self, revision: u64) -> Result<u64, ConfigWriteError> {
        let mut applied = self.applied.clone();
        let wait = applied.wait_for(|seen| *seen >= revision);
        let _ = tokio::time::timeout(Duration::from_secs(1), wait).await;
        Ok(revision)
    }

    /// Applies the bucket's values until the watch ends, fails or falls behind.
    async fn watch(
        &self,
        sender: &watch::Sender<u64>,
        stop: &CancellationToken,
    ) -> Result<(), BusError> {
        let mut watch = bounded(self.bucket.watch_with_history(">")).await?;
        let mut next_compare = Instant::now();
        let mut behind_since: Option<Instant> = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                entry = watch.next() => match entry {
                    Some(Ok(entry)) => self.apply(entry, sender),
                    Some(Err(error)) => return Err(BusError::unavailable(error)),
                    None => return Err(BusError::unavailable("the watch ended")),
                },
                () = tokio::time::sleep_until(next_compare) => {
                    let asked = self.shared.started.elapsed();
                    let last = bounded(self.bucket.stream.get_info()).await?.state.last_sequence;
                    if *sender.borrow() >= last {
                        behind_since = None;
                        self.shared.proven_ms
                            .store((asked.as_millis() as u64).max(1), Ordering::Release);
                        next_compare = Instant::now() + COMPARE_EVERY;
                    } else {
                        let since = *behind_since.get_or_insert_with(Instant::now);
                        if since.elapsed() > WATCH_PATIENCE {
                            return Err(BusError::unavailable("the watch fell behind the bucket"));
                        }
                        next_compare = Instant::now() + Duration::from_millis(20);
                    }
                }
            }
        }
    }

    fn apply(&self, entry: kv::Entry, sender: &watch::Sender<u64>) {
        let mut entries =
            self.shared.entries.write().unwrap_or_else(std::sync::PoisonError::into_inner);
        match entry.operation {
            Operation::Put => {
                entries.insert(entry.key, (entry.value, entry.revision));
            }
            Operation::Delete | Operation::Purge => {
                entries.remove(&entry.key);
            }
        }
        drop(entries);
        sender.send_modify(|applied| *applied = (*applied).max(entry.revision));
    }

    fn entries(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, (Bytes, u64)>> {
        self.shared.entries.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn encode<T: Serialize>(value: &T) -> Result<Bytes, BusError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(BusError::unavailable)
}

fn decode<T: DeserializeOwned>(key: &str, bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes)
        .inspect_err(|error| tracing::error!(key, %error, "a setting can not be read"))
        .ok()
}
