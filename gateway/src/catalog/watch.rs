//! The poller behind the catalog.

use std::collections::BTreeSet;
use std::time::Duration;

use common::bus::{Bus, ConfigStore, ConfigWriteError};
use common::clock::SharedClock;
use common::operation::{Operation, nearest};
use tokio::sync::watch;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_util::sync::CancellationToken;

use super::known::{self, KnownModel, ModelEntry};
use super::offers::{ModelName, Offers};

/// How often the workers are listed.
const EVERY: Duration = Duration::from_secs(1);
/// Presence lies in memory: after a restart of the broker it takes a beat of every worker until the list is whole
/// again. For this long what was offered before still counts.
const RECONNECT_GRACE: Duration = Duration::from_secs(10);

/// The models that callers may name. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Catalog {
    store: ConfigStore,
    offers: watch::Sender<Offers>,
}

/// There is no model of this name for the operation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no model '{model}' for {operation}")]
pub(crate) struct UnknownModel {
    /// What was asked for.
    pub(crate) model: String,
    /// The operation.
    pub(crate) operation: String,
    /// The names most like it.
    pub(crate) nearest: Vec<String>,
}

impl Catalog {
    /// An empty catalog over the remembered models; [`Self::keep`] fills it.
    pub(crate) fn new(store: ConfigStore) -> Self {
        Self { store, offers: watch::Sender::new(Offers::default()) }
    }

    /// What is offered, now and from now on.
    pub(crate) fn offers(&self) -> watch::Receiver<Offers> {
        self.offers.subscribe()
    }

    /// Every model that callers may name, by capability and name.
    pub(crate) fn models(&self) -> Vec<ModelEntry> {
        known::entries(&self.store, &self.offers.borrow()).into_values().collect()
    }

    /// Checks that the operation's model is one that a worker offers or once offered.
    pub(crate) fn check(&self, operation: &Operation, model: &str) -> Result<(), UnknownModel> {
        if let Some(only) = operation.default_model {
            return if model == only { Ok(()) } else { Err(unknown(operation, model, [only])) };
        }
        if self.serves(operation, model) {
            return Ok(());
        }
        let models = self.models();
        let fitting = models
            .iter()
            .filter(|entry| {
                entry.capability == operation.capability
                    && (entry.operations.is_empty() || entry.operations.contains(operation.name))
            })
            .map(|entry| entry.model.as_str());
        Err(unknown(operation, model, fitting))
    }

    /// Whether the model is offered or remembered, for this operation.
    fn serves(&self, operation: &Operation, model: &str) -> bool {
        let offers = self.offers.borrow();
        let fits = |operations: &BTreeSet<String>| {
            operations.is_empty() || operations.contains(operation.name)
        };
        if offers.operations(operation.capability, model).is_some_and(fits) {
            return true;
        }
        let key = known::key(operation.capability, model);
        let known = key.and_then(|key| self.store.get::<KnownModel>(&key));
        known.is_some_and(|(known, _)| fits(&known.operations))
    }

    /// Lists the workers every second until `stop`, remembers new models and makes their consumers.
    pub(crate) async fn keep(self, bus: Bus, clock: SharedClock, stop: CancellationToken) {
        let mut appeared = BTreeSet::new();
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            // Without an answer nothing is known to have changed.
            match bus.list_presence().await {
                Ok(workers) => {
                    appeared.extend(self.take(&bus, &Offers::of_workers(&workers)));
                    ensure_consumers(&bus, &mut appeared).await;
                    self.remember(&clock).await;
                }
                Err(error) => tracing::debug!(%error, "the workers were not listed"),
            }
        }
    }

    /// Takes a new list and returns the models that were not in the one before.
    fn take(&self, bus: &Bus, listed: &Offers) -> Vec<ModelName> {
        let connection = *bus.connection().borrow();
        let reconnected = connection.reconnects > 0
            && Instant::now().duration_since(connection.since) < RECONNECT_GRACE;
        let mut new = Vec::new();
        self.offers.send_if_modified(|offers| {
            let now = if reconnected { listed.merged(offers) } else { listed.clone() };
            new = now.new_since(offers);
            let changed = *offers != now;
            *offers = now;
            changed
        });
        new
    }

    /// Writes down the models that were never seen before, and operations that are new.
    async fn remember(&self, clock: &SharedClock) {
        let offers = self.offers.borrow().clone();
        for ((capability, model), operations) in offers.iter() {
            let Some(key) = known::key(capability, model) else { continue };
            let written = match self.store.get::<KnownModel>(&key) {
                Some((known, _)) if known.operations.is_superset(operations) => continue,
                Some((mut known, revision)) => {
                    known.operations.extend(operations.iter().cloned());
                    self.store.update(&key, &known, revision).await.map(drop)
                }
                None => {
                    let known = KnownModel {
                        capability: capability.clone(),
                        model: model.clone(),
                        operations: operations.clone(),
                        first_seen: clock.now(),
                    };
                    self.store.create(&key, &known).await.map(drop)
                }
            };
            match written {
                // Another gateway was faster.
                Ok(()) | Err(ConfigWriteError::Conflict) => {}
                Err(error) => {
                    tracing::warn!(model, %error, "a new model was not remembered");
                    return;
                }
            }
        }
    }
}

/// Makes the consumers of models that appeared. Those of a model that was away for long may have been removed
/// meanwhile, whatever this process remembers.
async fn ensure_consumers(bus: &Bus, appeared: &mut BTreeSet<ModelName>) {
    while let Some((capability, model)) = appeared.pop_first() {
        bus.forget_model_consumers(&capability, &model);
        if let Err(error) = bus.ensure_model_consumers(&capability, &model).await {
            tracing::debug!(model, %error, "the consumers of a model were not made");
            appeared.insert((capability, model));
            return;
        }
    }
}

fn unknown<'a>(
    operation: &Operation,
    model: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> UnknownModel {
    UnknownModel {
        model: model.to_owned(),
        operation: operation.name.to_owned(),
        nearest: nearest(model, candidates.into_iter()),
    }
}
