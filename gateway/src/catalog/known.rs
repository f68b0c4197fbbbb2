//! Models that were seen once are remembered: a job for one whose workers are away waits for them, while a name that
//! nobody ever offered is a slip of the finger.

use std::collections::{BTreeMap, BTreeSet};

use common::bus::{ConfigStore, subjects};
use common::clock::Timestamp;
use common::operation::Operation;
use serde::{Deserialize, Serialize};

use super::offers::{ModelName, Offers};

/// Keys of known models begin so.
const PREFIX: &str = "models.";

/// A model that a worker has offered at some time, as it lies in the live configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KnownModel {
    /// What a worker must be able to do to offer it.
    pub(crate) capability: String,
    /// Its name as callers write it.
    pub(crate) model: String,
    /// What can be asked of it.
    pub(crate) operations: BTreeSet<String>,
    /// When a gateway first saw it.
    pub(crate) first_seen: Timestamp,
}

/// A model as callers may name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ModelEntry {
    /// What a worker must be able to do to offer it.
    pub(crate) capability: String,
    /// Its name.
    pub(crate) model: String,
    /// What can be asked of it.
    pub(crate) operations: BTreeSet<String>,
    /// When it was first seen; `None` in the moment before it is remembered.
    pub(crate) first_seen: Option<Timestamp>,
    /// Whether a worker offers it now.
    pub(crate) available: bool,
}

/// The key of a model in the live configuration; `None` when its name is too long for one.
pub(super) fn key(capability: &str, model: &str) -> Option<String> {
    let token = subjects::escape(model);
    (!token.is_empty() && token.len() <= subjects::MAX_MODEL_TOKEN)
        .then(|| format!("{PREFIX}{capability}.{token}"))
}

/// Every model that callers may name: those remembered and those offered now. The only model of a capability is not
/// in the list; callers do not name it.
pub(super) fn entries(store: &ConfigStore, offers: &Offers) -> BTreeMap<ModelName, ModelEntry> {
    let mut entries = BTreeMap::new();
    for (_, known) in store.list::<KnownModel>(PREFIX) {
        if is_named_by_callers(&known.capability) {
            let name = (known.capability.clone(), known.model.clone());
            entries.insert(
                name,
                ModelEntry {
                    capability: known.capability,
                    model: known.model,
                    operations: known.operations,
                    first_seen: Some(known.first_seen),
                    available: false,
                },
            );
        }
    }
    for ((capability, model), operations) in offers.iter() {
        if !is_named_by_callers(capability) {
            continue;
        }
        let entry =
            entries.entry((capability.clone(), model.clone())).or_insert_with(|| ModelEntry {
                capability: capability.clone(),
                model: model.clone(),
                operations: BTreeSet::new(),
                first_seen: None,
                available: true,
            });
        entry.available = true;
        entry.operations.extend(operations.iter().cloned());
    }
    entries
}

/// Whether operations of this capability leave the model to the caller.
fn is_named_by_callers(capability: &str) -> bool {
    Operation::all()
        .any(|operation| operation.capability == capability && operation.default_model.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_name_is_a_key_unless_it_is_too_long() {
        assert_eq!(key("llm", "a/b:c").unwrap(), "models.llm.a=2Fb=3Ac");
        assert!(key("llm", &"x".repeat(300)).is_none());
        assert!(key("llm", "").is_none());
    }

    #[test]
    fn only_capabilities_with_many_models_are_listed() {
        assert!(is_named_by_callers("llm"));
        assert!(!is_named_by_callers("diagnostic"));
    }
}
