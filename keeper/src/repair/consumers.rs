//! Consumers: made where messages wait that nobody could pull, removed where nobody has pulled for long.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use common::job::Lane;
use common::operation::Operation;
use tokio::time::Instant;

use crate::context::Context;
use crate::duty::{Duty, Next};
use crate::trouble::Trouble;

const INTERVAL: Duration = Duration::from_secs(15);
/// Subjects of one stream that are looked at in one tick.
const SUBJECTS: usize = 10_000;
/// How long a consumer must have been of no use before it is removed.
const DISUSE: Duration = Duration::from_hours(24);

/// Models of which no consumer could be made before a tick gives up: each may cost the patience with a broker that does
/// not answer for it.
const FAILURES: usize = 3;

const LANES: [Lane; 3] = [Lane::Interactive, Lane::Normal, Lane::Bulk];

/// A model of a capability.
type Model = (String, String);

/// Looks after the consumers of models.
pub(crate) struct Consumers {
    context: Context,
    /// Since when nothing is known to use the consumers of a model.
    unused: HashMap<Model, Instant>,
    disuse: Duration,
}

impl Consumers {
    pub(crate) fn new(context: &Context) -> Self {
        Self { context: context.clone(), unused: HashMap::new(), disuse: DISUSE }
    }

    #[cfg(test)]
    pub(super) fn with_disuse(context: &Context, disuse: Duration) -> Self {
        Self { disuse, ..Self::new(context) }
    }

    /// Makes the consumers of every model that has messages in JOBS, or a worker that offers it, and no consumer. One
    /// that can not be made, as while a cluster has no leader for it, holds no other model up.
    async fn make_missing(
        &self,
        existing: &HashSet<(Model, Lane)>,
        offered: &HashSet<Model>,
    ) -> Result<(), Trouble> {
        let mut needed: HashSet<(Model, Lane)> =
            offered.iter().flat_map(|model| LANES.map(|lane| (model.clone(), lane))).collect();
        for capability in Operation::capabilities() {
            if self.context.bus.unclaimed_messages(capability).await? == 0 {
                continue;
            }
            for (model, lane) in self.context.bus.queued_models(capability, SUBJECTS).await? {
                needed.insert(((capability.to_owned(), model), lane));
            }
        }
        let missing: HashSet<_> = needed.difference(existing).map(|(model, _)| model).collect();
        let mut troubles = Vec::new();
        for (capability, model) in missing {
            self.context.bus.forget_model_consumers(capability, model);
            match self.context.bus.ensure_model_consumers(capability, model).await {
                Ok(()) => {
                    tracing::info!(capability, model, "made the missing consumers of a model");
                    self.context.metrics.repaired("consumer");
                }
                Err(error) => {
                    tracing::warn!(capability, model, %error, "a consumer can not be made");
                    troubles.push(error);
                    if troubles.len() >= FAILURES {
                        break;
                    }
                }
            }
        }
        troubles.pop().map_or(Ok(()), |error| Err(error.into()))
    }

    /// The models that workers offer.
    async fn offered(&self) -> Result<HashSet<Model>, Trouble> {
        let workers = self.context.bus.list_presence().await?;
        let offers = workers.iter().flat_map(|presence| &presence.capabilities);
        Ok(offers
            .flat_map(|(capability, models)| {
                models.iter().map(|offered| (capability.clone(), offered.model.clone()))
            })
            .collect())
    }

    /// The consumers that exist, and the models for which nothing waits or runs.
    async fn survey(&self) -> Result<(HashSet<(Model, Lane)>, HashSet<Model>), Trouble> {
        let mut existing = HashSet::new();
        let mut idle = HashMap::new();
        for queue in self.context.bus.queue_figures().await? {
            let model = (queue.capability, queue.model);
            let idles = queue.waiting == 0 && queue.in_flight == 0;
            idle.entry(model.clone()).and_modify(|all| *all &= idles).or_insert(idles);
            existing.insert((model, queue.lane));
        }
        let idle = idle.into_iter().filter(|(_, idles)| *idles).map(|(model, _)| model).collect();
        Ok((existing, idle))
    }

    /// Removes the consumers of models that have been of no use for long: no message, no open job in the records (which
    /// counts whatever waits in DELAYS), no worker that offers the model. A gateway that publishes at the same moment
    /// loses nothing: its message waits in the stream until the consumer is made again.
    async fn remove_unused(
        &mut self,
        idle: &HashSet<Model>,
        offered: &HashSet<Model>,
    ) -> Result<(), Trouble> {
        let idle: HashSet<_> = idle.difference(offered).cloned().collect();
        self.unused.retain(|model, _| idle.contains(model));
        for model in idle {
            let since = *self.unused.entry(model.clone()).or_insert_with(Instant::now);
            if since.elapsed() < self.disuse {
                continue;
            }
            let (capability, name) = &model;
            if self.context.records.has_open_jobs(capability, name).await? {
                self.unused.remove(&model);
                continue;
            }
            for lane in LANES {
                self.context.bus.remove_lane_consumer(capability, name, lane).await?;
            }
            self.context.bus.forget_model_consumers(capability, name);
            tracing::info!(capability, model = name, "removed the consumers of a model of no use");
            self.context.metrics.cleaned("consumers", 1);
            self.unused.remove(&model);
        }
        Ok(())
    }
}

impl Duty for Consumers {
    fn name(&self) -> &'static str {
        "consumers"
    }

    async fn tick(&mut self) -> Result<Next, Trouble> {
        let offered = self.offered().await?;
        let (existing, idle) = self.survey().await?;
        self.make_missing(&existing, &offered).await?;
        self.remove_unused(&idle, &offered).await?;
        Ok(Next::In(INTERVAL))
    }
}
