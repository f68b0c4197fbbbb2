//! Where a duty's messages come from.

use std::time::Duration;

use common::bus::{Bus, BusError, FixedConsumer, PullConsumer, Pulled};

/// A fixed consumer, looked up when it is first needed and again after trouble: it may have been made anew.
pub(crate) struct Source {
    which: FixedConsumer,
    found: Option<PullConsumer>,
}

impl Source {
    pub(crate) fn new(which: FixedConsumer) -> Self {
        Self { which, found: None }
    }

    /// Takes up to `max` messages that are there, or the first that comes within `wait`.
    pub(crate) async fn fetch(
        &mut self,
        bus: &Bus,
        max: usize,
        wait: Duration,
    ) -> Result<Vec<Pulled>, BusError> {
        let consumer = match self.found.take() {
            Some(found) => found,
            None => bus.consumer(self.which).await?,
        };
        let fetched = consumer.fetch(max, wait).await?;
        self.found = Some(consumer);
        Ok(fetched)
    }

    /// Forgets where the consumer is.
    pub(crate) fn forget(&mut self) {
        self.found = None;
    }
}
