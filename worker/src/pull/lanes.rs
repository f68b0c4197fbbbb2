//! Which queues of an engine are asked, and in which order: interactive before normal before bulk, but every so often
//! the other way round, so that bulk is never starved.
//!
//! A queue is asked when its bell rang, until it has no more; and all of them every second or two, because a bell may
//! be missed. So a worker that offers many models does not ask a hundred empty queues for one job.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::time::Duration;

use common::bus::{Bus, LaneConsumer, Queue, WorkMessage};
use common::job::Lane;
use rand::RngExt as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::bell::Rings;
use crate::engine::Engine;

/// How often the list of consumers is read again: gateways make them when a model is first asked for.
const REFRESH: Duration = Duration::from_secs(5);
/// How long after all queues were asked they are asked again, in milliseconds. Workers are kept from asking in step.
const ROUND: std::ops::Range<u64> = 1000..2000;
/// Every how many sweeps bulk comes first, and every how many normal does.
const BULK_FIRST: u64 = 16;
const NORMAL_FIRST: u64 = 8;

/// The queues that one engine serves.
pub(crate) struct Lanes {
    capability: &'static str,
    consumers: Vec<LaneConsumer>,
    warm: HashMap<String, bool>,
    read_at: Option<Instant>,
    /// The models that were offered when the list was read: only their queues are in it.
    read_for: BTreeSet<String>,
    /// The queues that may have work.
    candidates: HashSet<Queue>,
    all_due: Instant,
    sweeps: u64,
}

impl Lanes {
    pub(crate) fn new(capability: &'static str) -> Self {
        Self {
            capability,
            consumers: Vec::new(),
            warm: HashMap::new(),
            read_at: None,
            read_for: BTreeSet::new(),
            candidates: HashSet::new(),
            all_due: Instant::now(),
            sweeps: 0,
        }
    }

    /// Notes where work arrived. Queues of models that are not offered here are not ours to ask.
    pub(crate) fn rang(&mut self, rings: Rings) {
        match rings {
            Rings::None => {}
            Rings::Of(queues) => {
                self.candidates.extend(
                    queues.into_iter().filter(|queue| self.warm.contains_key(&queue.model)),
                );
            }
            Rings::Many => self.all_due = Instant::now(),
        }
    }

    /// Whether work arrived, and none of it for a model that is loaded here.
    pub(crate) fn only_cold(&self) -> bool {
        let warm = |queue: &Queue| self.warm.get(&queue.model).copied().unwrap_or(false);
        !self.candidates.is_empty() && !self.candidates.iter().any(warm)
    }

    /// How long until all queues are asked again.
    pub(crate) fn until_round(&self) -> Duration {
        self.all_due.saturating_duration_since(Instant::now())
    }

    /// Reads again which queues there are, when it is time, or when one rang that is not known yet: gateways make the
    /// queues of a model just before its first job.
    pub(crate) async fn refresh(&mut self, bus: &Bus, engine: &dyn Engine) {
        self.warm = engine.offers().into_iter().map(|offer| (offer.model, offer.warm)).collect();
        let is_known = |queue: &Queue| self.consumers.iter().any(|known| known.queue == *queue);
        let all_known = self.candidates.iter().all(is_known);
        let offered: BTreeSet<String> = self.warm.keys().cloned().collect();
        let fresh =
            self.read_at.is_some_and(|at| at.elapsed() < REFRESH) && offered == self.read_for;
        if fresh && all_known {
            return;
        }
        match bus.lane_consumers(self.capability, |model| offered.contains(model)).await {
            Ok(found) => {
                self.consumers = found;
                self.read_at = Some(Instant::now());
                self.read_for = offered;
            }
            Err(error) => tracing::debug!(%error, "the queues can not be listed now"),
        }
    }

    /// Takes up to `free` messages from the first queue that has any, until `stop`. A queue that can not be asked (it
    /// was removed, the broker is away) waits for the next round, and the list is read again.
    pub(crate) async fn sweep(
        &mut self,
        free: usize,
        stop: &CancellationToken,
    ) -> Vec<WorkMessage> {
        self.sweeps += 1;
        if self.until_round().is_zero() {
            self.candidates = self.consumers.iter().map(|known| known.queue.clone()).collect();
            let pause = rand::rng().random_range(ROUND);
            self.all_due = Instant::now() + Duration::from_millis(pause);
        }
        for index in order(&self.consumers, self.sweeps) {
            let consumer = &self.consumers[index];
            let Some(&warm) = self.warm.get(&consumer.queue.model) else { continue };
            if !self.candidates.remove(&consumer.queue) {
                continue;
            }
            match consumer.take(free, warm).await {
                Ok(messages) => {
                    if messages.len() >= free {
                        self.candidates.insert(consumer.queue.clone());
                    }
                    if !messages.is_empty() {
                        return messages;
                    }
                }
                Err(error) => {
                    let model = &consumer.queue.model;
                    tracing::debug!(model, %error, "a queue can not be asked now");
                    self.read_at = None;
                }
            }
            if stop.is_cancelled() {
                break;
            }
        }
        // What is left has no consumer: it was removed, or its model is offered no more.
        self.candidates.clear();
        Vec::new()
    }
}

/// The order of one sweep, as indexes of `consumers`.
fn order(consumers: &[LaneConsumer], sweep: u64) -> Vec<usize> {
    let mut indexes: Vec<usize> = (0..consumers.len()).collect();
    // Models take turns within a lane.
    if !indexes.is_empty() {
        let shift = sweep as usize % indexes.len();
        indexes.rotate_left(shift);
    }
    indexes.sort_by_key(|&index| rank(consumers[index].queue.lane, sweep));
    indexes
}

fn rank(lane: Lane, sweep: u64) -> u8 {
    let first = if sweep.is_multiple_of(BULK_FIRST) {
        Some(Lane::Bulk)
    } else if sweep.is_multiple_of(NORMAL_FIRST) {
        Some(Lane::Normal)
    } else {
        None
    };
    if first == Some(lane) {
        return 0;
    }
    match lane {
        Lane::Interactive => 1,
        Lane::Normal => 2,
        Lane::Bulk => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_come_first_and_bulk_is_never_starved() {
        assert!(rank(Lane::Interactive, 1) < rank(Lane::Normal, 1));
        assert!(rank(Lane::Normal, 1) < rank(Lane::Bulk, 1));
        assert!(rank(Lane::Bulk, 16) < rank(Lane::Interactive, 16));
        assert!(rank(Lane::Normal, 8) < rank(Lane::Interactive, 8));
    }

    #[test]
    fn only_queues_of_offered_models_are_candidates() {
        let queue = |model: &str| Queue { model: model.to_owned(), lane: Lane::Normal };
        let mut lanes = Lanes::new("llm");
        lanes.warm = HashMap::from([("cold".to_owned(), false), ("warm".to_owned(), true)]);
        lanes.rang(Rings::Of(HashSet::from([queue("cold"), queue("another workers")])));
        assert_eq!(lanes.candidates, HashSet::from([queue("cold")]));
        assert!(lanes.only_cold());
        lanes.rang(Rings::Of(HashSet::from([queue("warm")])));
        assert!(!lanes.only_cold());
    }
}
