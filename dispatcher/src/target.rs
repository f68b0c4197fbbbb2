//! Where a delivery goes now, and which keys sign it.

use std::sync::Arc;
use std::time::Duration;

use common::bus::ConfigStore;
use common::clock::SharedClock;
use common::signing::Keyring;
use common::webhook::{Delivery, Endpoint, SigningKeys};

/// A delivery is younger than its endpoint may seem: the configuration reaches every process within this time.
const CONFIG_LAG: Duration = Duration::from_secs(30);

/// What the live configuration says about the target of a delivery.
pub(crate) enum Target {
    /// It can be sent.
    Ready {
        /// The URL that is registered now.
        url: String,
        /// The keys that sign it.
        keys: Box<SigningKeys>,
    },
    /// It is not wanted any more; why.
    Gone(String),
    /// It can not be signed; why. An attempt that failed, since only a person can mend it.
    Unsignable(String),
    /// The configuration in memory may be old: ask again later.
    Unknown,
}

/// Looks targets up.
pub(crate) struct Targets {
    config: ConfigStore,
    keyring: Arc<Keyring>,
    clock: SharedClock,
}

impl Targets {
    pub(crate) fn new(config: ConfigStore, keyring: Arc<Keyring>, clock: SharedClock) -> Self {
        Self { config, keyring, clock }
    }

    /// The target of a delivery: a registered endpoint as it stands now, or the URL that came with the job.
    pub(crate) fn find(&self, delivery: &Delivery) -> Target {
        let Some(endpoint_id) = &delivery.endpoint_id else {
            let secrets = self.keyring.tenant_webhook_secrets(&delivery.tenant);
            return Target::Ready { url: delivery.url.clone(), keys: self.keys(secrets) };
        };
        let key = Endpoint::key(&delivery.tenant, endpoint_id);
        let found = self.config.get::<Endpoint>(&key);
        if !self.config.fresh() {
            return Target::Unknown;
        }
        let now = self.clock.now();
        let Some((endpoint, _)) = found else {
            if now.since(delivery.created_at) < CONFIG_LAG {
                return Target::Unknown;
            }
            return Target::Gone("the endpoint was deleted".to_owned());
        };
        if let Some(disabled) = endpoint.disabled {
            return Target::Gone(format!("the endpoint is disabled: {}", disabled.reason));
        }
        let context = endpoint.secret_context();
        let secrets: Vec<_> = endpoint
            .live_secrets(now)
            .into_iter()
            .filter_map(|secret| self.keyring.open(&context, &secret.sealed))
            .collect();
        if secrets.is_empty() {
            return Target::Unsignable(
                "the endpoint's signing secret can not be read; rotate it".to_owned(),
            );
        }
        Target::Ready { url: endpoint.url, keys: self.keys(secrets) }
    }

    fn keys(&self, secrets: Vec<Vec<u8>>) -> Box<SigningKeys> {
        Box::new(SigningKeys::new(secrets, &self.keyring.webhook_ed25519_seed()))
    }
}
