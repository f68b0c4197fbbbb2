//! Asks once more after a ring. The broker rings as soon as it has stored a message, and tells its consumers a moment
//! later: whoever asks at once may hear that there is nothing, and would wait for the next round.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use common::bus::Queue;
use tokio::time::Instant;

/// How long after the answer a queue that rang is asked once more: a consumer has known for long by then.
const PAUSE: Duration = Duration::from_millis(5);

/// The queues that rang, and when they are asked once more.
#[derive(Debug, Default)]
pub(crate) struct Again {
    rung: HashSet<Queue>,
    due: HashMap<Queue, Instant>,
}

impl Again {
    /// Notes that these rang.
    pub(crate) fn rang(&mut self, queues: &HashSet<Queue>) {
        self.rung.extend(queues.iter().cloned());
    }

    /// Notes that a queue was asked and had no more: it is asked once more if it had rung.
    pub(crate) fn found_its_end(&mut self, queue: Queue, now: Instant) {
        if self.rung.remove(&queue) {
            self.due.insert(queue, now + PAUSE);
        }
    }

    /// Keeps only these queues.
    pub(crate) fn retain(&mut self, wanted: impl Fn(&Queue) -> bool) {
        self.rung.retain(&wanted);
        self.due.retain(|queue, _| wanted(queue));
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
    fn a_queue_that_rang_and_was_found_empty_is_asked_once_more_and_soon() {
        let (mut again, now) = (Again::default(), Instant::now());
        again.rang(&HashSet::from([queue("rang")]));
        again.found_its_end(queue("rang"), now);
        again.found_its_end(queue("quiet"), now);
        assert!(again.take_due(now).is_empty());
        assert_eq!(again.next(), Some(now + PAUSE));
        assert_eq!(again.take_due(now + PAUSE), [queue("rang")]);
        // Empty then, too: it waits for the next ring or round.
        again.found_its_end(queue("rang"), now + PAUSE);
        assert_eq!(again.next(), None);
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
