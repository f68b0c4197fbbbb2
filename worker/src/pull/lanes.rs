//! In which order the queues of an engine are asked: interactive before normal before bulk, but every so often the
//! other way round, so that bulk is never starved.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use common::bus::{Bus, LaneConsumer, WorkMessage};
use common::job::Lane;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::engine::Engine;

/// How often the list of consumers is read again: gateways make them when a model is first asked for.
const REFRESH: Duration = Duration::from_secs(5);
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
    hint: Option<(String, Lane)>,
    round: u64,
}

impl Lanes {
    pub(crate) fn new(capability: &'static str) -> Self {
        Self {
            capability,
            consumers: Vec::new(),
            warm: HashMap::new(),
            read_at: None,
            read_for: BTreeSet::new(),
            hint: None,
            round: 0,
        }
    }

    /// Asks the queue that rang first.
    pub(crate) fn hint(&mut self, hint: (String, Lane)) {
        self.hint = Some(hint);
    }

    /// Whether the model is loaded here.
    pub(crate) fn is_warm(&self, model: &str) -> bool {
        self.warm.get(model).copied().unwrap_or(false)
    }

    /// Reads again which queues there are, when it is time, or when one rang that is not known yet: gateways make the
    /// queues of a model just before its first job.
    pub(crate) async fn refresh(&mut self, bus: &Bus, engine: &dyn Engine) {
        self.warm = engine.offers().into_iter().map(|offer| (offer.model, offer.warm)).collect();
        let is_new = self.hint.as_ref().is_some_and(|(model, lane)| {
            self.warm.contains_key(model)
                && !self.consumers.iter().any(|c| c.model == *model && c.lane == *lane)
        });
        let offered: BTreeSet<String> = self.warm.keys().cloned().collect();
        let fresh =
            self.read_at.is_some_and(|at| at.elapsed() < REFRESH) && offered == self.read_for;
        if fresh && !is_new {
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

    /// Takes up to `free` messages, one queue at a time, until `stop`. A queue that can not be asked (it was removed,
    /// the broker is away) is skipped and the list read again.
    pub(crate) async fn sweep(
        &mut self,
        free: usize,
        stop: &CancellationToken,
    ) -> Vec<WorkMessage> {
        self.round += 1;
        let mut found = Vec::new();
        for index in order(&self.consumers, self.round, self.hint.take().as_ref()) {
            let consumer = &self.consumers[index];
            let Some(&warm) = self.warm.get(&consumer.model) else { continue };
            match consumer.take(free - found.len(), warm).await {
                Ok(messages) => found.extend(messages),
                Err(error) => {
                    tracing::debug!(model = consumer.model, %error, "a queue can not be asked now");
                    self.read_at = None;
                }
            }
            if found.len() >= free || stop.is_cancelled() {
                break;
            }
        }
        found
    }
}

/// The order of one sweep, as indexes of `consumers`.
fn order(consumers: &[LaneConsumer], round: u64, hint: Option<&(String, Lane)>) -> Vec<usize> {
    let mut indexes: Vec<usize> = (0..consumers.len()).collect();
    // Models take turns within a lane.
    if !indexes.is_empty() {
        let shift = round as usize % indexes.len();
        indexes.rotate_left(shift);
    }
    indexes.sort_by_key(|&index| {
        let consumer = &consumers[index];
        let rang = hint.is_some_and(|(m, l)| *m == consumer.model && *l == consumer.lane);
        rank(consumer.lane, round, rang)
    });
    indexes
}

fn rank(lane: Lane, round: u64, rang: bool) -> u8 {
    let first = if round.is_multiple_of(BULK_FIRST) {
        Some(Lane::Bulk)
    } else if round.is_multiple_of(NORMAL_FIRST) {
        Some(Lane::Normal)
    } else {
        None
    };
    if first == Some(lane) {
        return 0;
    }
    let rank = match lane {
        Lane::Interactive => 2,
        Lane::Normal => 4,
        Lane::Bulk => 6,
    };
    // A hint only decides within a lane: a bell of bulk must not overtake a waiting call.
    rank - u8::from(rang)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_come_first_and_bulk_is_never_starved() {
        assert!(rank(Lane::Interactive, 1, false) < rank(Lane::Normal, 1, true));
        assert!(rank(Lane::Normal, 1, false) < rank(Lane::Bulk, 1, true));
        assert!(rank(Lane::Bulk, 16, false) < rank(Lane::Interactive, 16, true));
        assert!(rank(Lane::Normal, 8, false) < rank(Lane::Interactive, 8, true));
    }
}
