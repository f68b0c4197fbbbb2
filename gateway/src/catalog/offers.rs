//! What the workers offer at one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use common::bus::Presence;

/// A model of a capability.
pub(super) type ModelName = (String, String);

/// The models that workers offer, with the operations of each. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Offers(Arc<Lists>);

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Lists {
    /// By workers that take jobs.
    offered: BTreeMap<ModelName, BTreeSet<String>>,
    /// By workers that take no more and finish what they run.
    draining: BTreeSet<ModelName>,
}

impl Offers {
    /// What these workers offer.
    pub(super) fn of_workers(workers: &[Presence]) -> Self {
        let mut lists = Lists::default();
        for worker in workers {
            for (capability, models) in &worker.capabilities {
                for offered in models {
                    let name = (capability.clone(), offered.model.clone());
                    if worker.draining {
                        lists.draining.insert(name);
                    } else {
                        let operations = lists.offered.entry(name).or_default();
                        operations.extend(offered.operations.iter().cloned());
                    }
                }
            }
        }
        Self(Arc::new(lists))
    }

    /// These models, without naming operations.
    #[cfg(test)]
    pub(crate) fn of<'a>(models: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let names = models.into_iter().map(|(capability, model)| name(capability, model));
        let offered = names.map(|name| (name, BTreeSet::new())).collect();
        Self(Arc::new(Lists { offered, draining: BTreeSet::new() }))
    }

    /// Whether a worker takes jobs for the model now.
    pub(crate) fn is_offered(&self, capability: &str, model: &str) -> bool {
        self.0.offered.contains_key(&name(capability, model))
    }

    /// Whether a worker may be running jobs for the model now, even if it takes no more.
    pub(crate) fn is_alive(&self, capability: &str, model: &str) -> bool {
        self.is_offered(capability, model) || self.0.draining.contains(&name(capability, model))
    }

    /// Every offered model with its operations.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&ModelName, &BTreeSet<String>)> {
        self.0.offered.iter()
    }

    /// The operations of a model; `None` when nobody offers it.
    pub(super) fn operations(&self, capability: &str, model: &str) -> Option<&BTreeSet<String>> {
        self.0.offered.get(&name(capability, model))
    }

    /// These offers and what `others` offers besides.
    #[must_use]
    pub(super) fn merged(&self, others: &Self) -> Self {
        let mut lists = Lists::clone(&others.0);
        let own = self.0.offered.iter();
        lists.offered.extend(own.map(|(name, operations)| (name.clone(), operations.clone())));
        lists.draining.extend(self.0.draining.iter().cloned());
        Self(Arc::new(lists))
    }

    /// The models that these offers have and `before` had not.
    pub(super) fn new_since(&self, before: &Self) -> Vec<ModelName> {
        let new = self.0.offered.keys().filter(|name| !before.0.offered.contains_key(name));
        new.cloned().collect()
    }
}

fn name(capability: &str, model: &str) -> ModelName {
    (capability.to_owned(), model.to_owned())
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
        assert!(offers.is_alive("llm", "m"), "it may be running something");
    }

    #[test]
    fn what_appears_is_noticed() {
        let (none, some) = (Offers::default(), Offers::of([("llm", "a")]));
        assert_eq!(some.new_since(&none), [("llm".to_owned(), "a".to_owned())]);
        assert!(some.new_since(&some).is_empty());
    }

    #[test]
    fn merging_keeps_both() {
        let both = Offers::of([("llm", "a")]).merged(&Offers::of([("llm", "b")]));
        assert!(both.is_offered("llm", "a") && both.is_offered("llm", "b"));
    }
}
