//! The first admin key.

use std::time::Duration;

use common::bus::{ConfigStore, ConfigWriteError};
use common::clock::{Clock, Timestamp};
use common::job::Tenant;
use common::secret::Secret;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::key::{ApiKey, ENTRIES, Role, generate_key, key_entry};

/// Claimed by the gateway that makes the key, so that of two gateways that start together only one does.
const CLAIM: &str = "bootstrap.admin_key";
/// A claim that has not led to a key for so long belongs to a gateway that died in between.
const CLAIM_PATIENCE: Duration = Duration::from_secs(10);

#[derive(Serialize, Deserialize)]
struct Claim {
    at: Timestamp,
}

/// The first admin key could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The live configuration can not be written.
    #[error("the first admin key can not be stored: {0}")]
    Store(#[from] ConfigWriteError),
    /// The default tenant's name is not legal.
    #[error(transparent)]
    Tenant(#[from] common::job::TenantError),
}

/// Makes an admin key when there is none that works. `None` when there is one, or when another gateway is just making
/// it. The key itself is kept nowhere: show it once, or it is lost.
pub(crate) async fn ensure_admin_key(
    store: &ConfigStore,
    clock: &dyn Clock,
) -> Result<Option<Secret>, Error> {
    store.ready(Duration::from_secs(10)).await.map_err(ConfigWriteError::from)?;
    if has_admin(store) || !claim(store, clock).await? {
        return Ok(None);
    }
    let key = generate_key();
    let entry = ApiKey {
        id: new_key_id(clock.new_uuid()),
        tenant: "default".parse::<Tenant>()?,
        role: Role::Admin,
        name: "first admin key".to_owned(),
        created_at: clock.now(),
        revoked_at: None,
    };
    store.create(&key_entry(key.expose()), &entry).await?;
    Ok(Some(key))
}

/// An id for a key, from a new UUID.
pub(crate) fn new_key_id(uuid: Uuid) -> String {
    format!("key_{}", uuid.simple())
}

fn has_admin(store: &ConfigStore) -> bool {
    let keys = store.list::<ApiKey>(ENTRIES);
    keys.iter().any(|(_, key)| key.role == Role::Admin && key.revoked_at.is_none())
}

/// Whether this gateway may make the key.
async fn claim(store: &ConfigStore, clock: &dyn Clock) -> Result<bool, Error> {
    let mine = Claim { at: clock.now() };
    let written = match store.get::<Claim>(CLAIM) {
        None => store.create(CLAIM, &mine).await,
        Some((other, _)) if mine.at.since(other.at) < CLAIM_PATIENCE => return Ok(false),
        Some((_, revision)) => store.update(CLAIM, &mine, revision).await,
    };
    match written {
        Ok(_) => Ok(true),
        Err(ConfigWriteError::Conflict) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use common::bus::testing::NatsServer;
    use common::clock::{ManualClock, Timestamp};
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test]
    async fn two_gateways_make_one_admin_key() {
        let server = NatsServer::start().await;
        let bus = server.bus().await;
        let stop = CancellationToken::new();
        let (one, watch_one) = bus.open_config(stop.clone()).await.unwrap();
        let (two, watch_two) = bus.open_config(stop.clone()).await.unwrap();
        let mut watches = tokio::task::JoinSet::new();
        watches.spawn(watch_one);
        watches.spawn(watch_two);
        let clock = Arc::new(ManualClock::new(Timestamp::from_micros(1_700_000_000_000_000)));

        let (first, second) =
            tokio::join!(ensure_admin_key(&one, &*clock), ensure_admin_key(&two, &*clock));
        let made: Vec<_> = [first.unwrap(), second.unwrap()].into_iter().flatten().collect();
        assert_eq!(made.len(), 1);
        let seen = async {
            while !one.any(&key_entry(made[0].expose())) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(5), seen).await.unwrap();
        clock.advance(CLAIM_PATIENCE);
        assert!(ensure_admin_key(&one, &*clock).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn a_gateway_that_died_between_claim_and_key_is_replaced() {
        let server = NatsServer::start().await;
        let bus = server.bus().await;
        let (store, watch) = bus.open_config(CancellationToken::new()).await.unwrap();
        let mut watches = tokio::task::JoinSet::new();
        watches.spawn(watch);
        store.ready(Duration::from_secs(5)).await.unwrap();
        let clock = ManualClock::new(Timestamp::from_micros(1_700_000_000_000_000));

        assert!(claim(&store, &clock).await.unwrap());
        assert!(ensure_admin_key(&store, &clock).await.unwrap().is_none());
        clock.advance(CLAIM_PATIENCE);
        assert!(ensure_admin_key(&store, &clock).await.unwrap().is_some());
    }
}
