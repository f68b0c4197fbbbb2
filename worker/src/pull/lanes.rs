//! Which queues of an engine are asked, and in which order: interactive before normal before bulk, but every so often
//! the other way round, so that bulk is never starved.
//!
//! A queue is asked when its bell rang, until it has no more, and once more after a moment ([`Again`]); and all of them from
//! time to time, because a bell may be missed ([`Round`]). So a worker that offers many models does not ask a hundred empty
//! queues for one job.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use common::bus::{Bus, BusError, LaneConsumer, Queue, WorkMessage};
use common::job::Lane;
use rand::seq::SliceRandom as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::again::Again;
use super::bell::Rings;
use super::round::Round;
use crate::engine::Engine;

/// How often the list of consumers is read again: gateways make them when a model is first asked for.
const REFRESH: Duration = Duration::from_secs(5);
/// How often an engine is asked what it offers, unless a model rings that it did not: some offer a thousand.
const OFFERS: Duration = Duration::from_millis(20);
/// Every how many sweeps bulk comes first, and every how many normal does.
const BULK_FIRST: u64 = 16;
const NORMAL_FIRST: u64 = 8;

/// The queues that one engine serves.
pub(crate) struct Lanes {
    capability: &'static str,
    consumers: HashMap<Queue, LaneConsumer>,
    /// The models that the engine offers, and whether each is loaded.
    warm: HashMap<String, bool>,
    offers_read_at: Option<Instant>,
    read_at: Option<Instant>,
    /// The models that were offered when the list was read: only their queues are in it.
    read_for: HashSet<String>,
    /// The queues that may have work.
    candidates: HashSet<Queue>,
    again: Again,
    round: Round,
    sweeps: u64,
}

impl Lanes {
    pub(crate) fn new(capability: &'static str) -> Self {
        Self {
            capability,
            consumers: HashMap::new(),
            warm: HashMap::new(),
            offers_read_at: None,
            read_at: None,
            read_for: HashSet::new(),
            candidates: HashSet::new(),
            again: Again::default(),
            round: Round::new(),
            sweeps: 0,
        }
    }

    /// Notes where work arrived.
    pub(crate) fn rang(&mut self, rings: Rings) {
        match rings {
            Rings::None => {}
            Rings::Of(queues) => {
                self.again.rang(&queues);
                self.candidates.extend(queues);
            }
            Rings::Many => self.round.hurry(),
        }
    }

    /// Whether work arrived, and none of it for a model that is loaded here.
    pub(crate) fn only_cold(&self) -> bool {
        let warm = |queue: &Queue| self.warm.get(&queue.model).copied().unwrap_or(false);
        !self.candidates.is_empty() && !self.candidates.iter().any(warm)
    }

    /// How long until a queue is asked again that did not ring.
    pub(crate) fn until_next(&self) -> Duration {
        let round = self.round.next();
        let next = self.again.next().map_or(round, |at| at.min(round));
        next.saturating_duration_since(Instant::now())
    }

    /// Reads again which queues there are, when it is time, or when one rang that is not known yet: gateways make the
    /// queues of a model just before its first job. Queues of models that are not offered here are not ours to ask.
    pub(crate) async fn refresh(&mut self, bus: &Bus, engine: &dyn Engine) {
        self.read_offers(engine);
        let all_known = self.candidates.iter().all(|queue| self.consumers.contains_key(queue));
        let fresh = self.read_at.is_some_and(|at| at.elapsed() < REFRESH);
        if fresh && all_known {
            return;
        }
        let offered: HashSet<String> = self.warm.keys().cloned().collect();
        match self.read(bus, &offered).await {
            Ok(()) => {
                self.read_at = Some(Instant::now());
                self.read_for = offered;
            }
            Err(error) => {
                tracing::debug!(%error, "the queues can not be listed now");
                self.read_at = None;
            }
        }
    }

    /// Reads what the engine offers, when it is time or a model rang that is not known, and forgets what rang for others.
    /// Other models have other queues, whose list is to be read.
    fn read_offers(&mut self, engine: &dyn Engine) {
        let is_offered = |queue: &Queue| self.warm.contains_key(&queue.model);
        let fresh = self.offers_read_at.is_some_and(|at| at.elapsed() < OFFERS);
        if fresh && self.candidates.iter().all(is_offered) {
            return;
        }
        self.warm = engine.offers().into_iter().map(|offer| (offer.model, offer.warm)).collect();
        self.offers_read_at = Some(Instant::now());
        if self.warm.len() != self.read_for.len()
            || !self.warm.keys().all(|model| self.read_for.contains(model))
        {
            self.read_at = None;
        }
        self.candidates.retain(|queue| self.warm.contains_key(&queue.model));
        self.again.retain(|queue| self.warm.contains_key(&queue.model));
    }

    /// Keeps the consumers that are still there, with what the broker knows of them, and looks up the new ones.
    async fn read(&mut self, bus: &Bus, offered: &HashSet<String>) -> Result<(), BusError> {
        let queues = bus.queues(self.capability, |model| offered.contains(model)).await?;
        let mut queues: HashSet<Queue> = queues.into_iter().collect();
        self.consumers.retain(|known, _| queues.remove(known));
        for queue in queues {
            let consumer = bus.lane_consumer(self.capability, &queue.model, queue.lane).await?;
            self.consumers.insert(queue, consumer);
        }
        Ok(())
    }

    /// Takes up to `free` messages from the first queue that has any, until `stop`. A queue that can not be asked (it
    /// was removed, the broker is away) waits for the next round, and the list is read again.
    pub(crate) async fn sweep(
        &mut self,
        free: usize,
        stop: &CancellationToken,
    ) -> Vec<WorkMessage> {
        self.sweeps += 1;
        let now = Instant::now();
        self.candidates.extend(self.again.take_due(now));
        self.candidates.extend(self.round.piece(self.consumers.keys()));
        for queue in in_order(self.candidates.iter().cloned().collect(), self.sweeps) {
            self.candidates.remove(&queue);
            let Some(&warm) = self.warm.get(&queue.model) else { continue };
            // Without one it was removed.
            let Some(consumer) = self.consumers.get(&queue) else { continue };
            match consumer.take(free, warm).await {
                Ok(messages) => {
                    if messages.len() >= free {
                        self.candidates.insert(queue);
                    } else {
                        self.again.found_its_end(queue, Instant::now());
                    }
                    if !messages.is_empty() {
                        return messages;
                    }
                }
                Err(error) => {
                    tracing::debug!(model = queue.model, %error, "a queue can not be asked now");
                    self.consumers.remove(&queue);
                    self.read_at = None;
                    self.again.found_its_end(queue, Instant::now());
                }
            }
            if stop.is_cancelled() {
                break;
            }
        }
        Vec::new()
    }
}

/// The order of one sweep. Within a lane chance decides, so that no model stands before another for long.
fn in_order(mut queues: Vec<Queue>, sweep: u64) -> Vec<Queue> {
    queues.shuffle(&mut rand::rng());
    queues.sort_by_key(|queue| rank(queue.lane, sweep));
    queues
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

    fn queue(model: &str, lane: Lane) -> Queue {
        Queue { model: model.to_owned(), lane }
    }

    #[test]
    fn every_model_comes_first_often_in_every_lane() {
        let lanes = [Lane::Interactive, Lane::Normal, Lane::Bulk];
        let queues: Vec<_> =
            ["a", "b"].iter().flat_map(|model| lanes.map(|lane| queue(model, lane))).collect();
        let mut leaders: HashMap<Queue, u32> = HashMap::new();
        for sweep in 0..10_000 {
            *leaders.entry(in_order(queues.clone(), sweep).remove(0)).or_default() += 1;
        }
        // A 16th of the sweeps is led by bulk, half of them by each of two models: about 312.
        for queue in &queues {
            assert!(leaders[queue] > 200, "{queue:?} led {} of 10000 sweeps", leaders[queue]);
        }
    }

    #[test]
    fn a_ring_is_cold_while_no_loaded_model_has_work() {
        let mut lanes = Lanes::new("llm");
        lanes.warm = HashMap::from([("cold".to_owned(), false), ("warm".to_owned(), true)]);
        assert!(!lanes.only_cold());
        lanes.rang(Rings::Of(HashSet::from([queue("cold", Lane::Normal)])));
        assert!(lanes.only_cold());
        lanes.rang(Rings::Of(HashSet::from([queue("warm", Lane::Normal)])));
        assert!(!lanes.only_cold());
    }
}
