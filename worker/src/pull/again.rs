//! Asks once more after a ring. The broker rings as soon as it has stored a message, and tells its consumers a moment
//! later: whoever asks at once may hear that there is nothing, and would wait for the next round.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use common::bus::Queue;
use tokio::time::Instant;

/// How long after the answer a queue that rang is asked once more, and again after that: on one machine a consumer knows
/// at once, in a cluster after a round trip and a write to disk.
const PAUSES: [Duration; 3] =
    [Duration::from_millis(5), Duration::from_millis(25), Duration::from_millis(100)];

/// The queues that rang, and when they are asked once more.
#[derive(Debug, Default)]
pub(crate) struct Again {
    rung: HashSet<Queue>,
    due: HashMap<Queue, Instant>,
    /// How often a queue was asked again since it rang.
    asked: HashMap<Queue, usize>,
}

impl Again {
    /// Notes that these rang.
    pub(crate) fn rang(&mut self, queues: &HashSet<Queue>) {
        self.rung.extend(queues.iter().cloned());
    }

    /// Notes that a queue was asked and had no more, or could not be asked: it is asked again if it had rung.
    pub(crate) fn found_its_end(&mut self, queue: Queue, now: Instant) {
        let times = if self.rung.remove(&queue) { Some(0) } else { self.asked.remove(&queue) };
        let Some((times, pause)) = times.and_then(|times| Some((times, PAUSES.get(times)?))) else {
            return;
        };
        self.due.insert(queue.clone(), now + *pause);
        self.asked.insert(queue, times + 1);
    }

    /// Keeps only these queues.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&Queue) -> bool) {
        self.rung.retain(&wanted);
        self.due.retain(|queue, _| wanted(queue));
        self.asked.retain(|queue, _| wanted(queue));
    }

    /// Takes those that are due.
    pub(crate) fn take_due(&mut self, now: Instant) -> Vec<Queue> {
        self.due.extract_if(|_, at| *at <= now).map(|(queue, _)| queue).collect()
    }

    /// When the next one is due.
    pub(crate) fn next(&self) -> Option<Instant> {
        self.due.values().min().copied()
    }
}

#[cfg(test)]
mod tests {
    use common::job::Lane;

    use super::*;

    fn queue(model: &str) -> Queue {
        Queue { model: model.to_owned(), lane: Lane::Interactive }
    }

    #[test]
    fn a_queue_that_rang_and_was_found_empty_is_asked_again_soon_and_then_less_soon() {
        let (mut again, now) = (Again::default(), Instant::now());
        again.rang(&HashSet::from([queue("rang")]));
        again.found_its_end(queue("rang"), now);
        again.found_its_end(queue("quiet"), now);
        assert!(again.take_due(now).is_empty());
        let mut now = now;
        for pause in PAUSES {
            assert_eq!(again.next(), Some(now + pause));
            now += pause;
            assert_eq!(again.take_due(now), [queue("rang")]);
            again.found_its_end(queue("rang"), now);
        }
        // Empty each time: it waits for the next ring or round.
        assert_eq!(again.next(), None);
        again.rang(&HashSet::from([queue("rang")]));
        again.found_its_end(queue("rang"), now);
        assert_eq!(again.next(), Some(now + PAUSES[0]));
    }

    #[test]
    fn queues_that_are_not_ours_are_forgotten() {
        let (mut again, now) = (Again::default(), Instant::now());
        again.rang(&HashSet::from([queue("ours"), queue("other")]));
        again.retain(|queue| queue.model == "ours");
        again.found_its_end(queue("other"), now);
        assert_eq!(again.next(), None);
        again.found_its_end(queue("ours"), now);
        assert!(again.next().is_some());
    }
}
