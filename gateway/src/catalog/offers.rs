//! What the workers offer at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::bus::Presence;

/// A model of a capability.
pub(super) type ModelName = (String, String);

/// The models that workers offer, with the operations of each. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offers(Arc<BTreeMap<ModelName, BTreeSet<String>>>);

impl Offers {
    /// What these workers offer; those that take no more jobs offer nothing.
    pub(super) fn of_workers(workers: &[Presence]) -> Self {
        let mut offers: BTreeMap<ModelName, BTreeSet<String>> = BTreeMap::new();
        for worker in workers.iter().filter(|worker| !worker.draining) {
            for (capability, models) in &worker.capabilities {
                for offered in models {
                    offers
                        .entry((capability.clone(), offered.model.clone()))
                        .or_default()
                        .extend(offered.operations.iter().cloned());
                }
            }
        }
        Self(Arc::new(offers))
    }

    /// These models, without naming operations.
    #[cfg(test)]
    pub(crate) fn of<'a>(models: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let entries = models.into_iter().map(|(capability, model)| {
            ((capability.to_owned(), model.to_owned()), BTreeSet::new())
        });
        Self(Arc::new(entries.collect()))
    }

    /// Whether a worker offers the model now.
    pub(crate) fn is_offered(&self, capability: &str, model: &str) -> bool {
        self.0.contains_key(&(capability.to_owned(), model.to_owned()))
    }

    /// Every model with its operations.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&ModelName, &BTreeSet<String>)> {
        self.0.iter()
    }

    /// The operations of a model; `None` when nobody offers it.
    pub(super) fn operations(&self, capability: &str, model: &str) -> Option<&BTreeSet<String>> {
        self.0.get(&(capability.to_owned(), model.to_owned()))
    }

    /// These offers and what `others` offers besides.
    #[must_use]
    pub(super) fn merged(&self, others: &Self) -> Self {
        let mut all = BTreeMap::clone(&others.0);
        all.extend(self.0.iter().map(|(name, operations)| (name.clone(), operations.clone())));
        Self(Arc::new(all))
    }
}

#[cfg(test)]
mod tests {
    use common::bus::OfferedModel;
    use common::clock::Timestamp;

    use super::*;

    fn worker(id: &str, model: &str, operation: &str, draining: bool) -> Presence {
        let offered =
            OfferedModel { model: model.into(), operations: vec![operation.into()], warm: true };
        Presence {
            worker_id: id.into(),
            version: "1".into(),
            started_at: Timestamp::from_micros(0),
            seen_at: Timestamp::from_micros(0),
            capabilities: BTreeMap::from([("llm".to_owned(), vec![offered])]),
            slots: 1,
            running: Vec::new(),
            draining,
        }
    }

    #[test]
    fn operations_of_all_workers_are_joined() {
        let workers = [worker("a", "m", "chat", false), worker("b", "m", "embeddings", false)];
        let offers = Offers::of_workers(&workers);
        assert_eq!(offers.operations("llm", "m").unwrap().len(), 2);
        assert!(!offers.is_offered("llm", "n"));
    }

    #[test]
    fn a_worker_that_drains_offers_nothing() {
        let offers = Offers::of_workers(&[worker("a", "m", "chat", true)]);
        assert!(!offers.is_offered("llm", "m"));
    }

    #[test]
    fn merging_keeps_both() {
        let both = Offers::of([("llm", "a")]).merged(&Offers::of([("llm", "b")]));
        assert!(both.is_offered("llm", "a") && both.is_offered("llm", "b"));
    }
}
