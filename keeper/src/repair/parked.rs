//! Jobs whose message the broker gave up delivering. Workers park what they can not run long before that; what is left
//! are messages on which every worker dies before it can say so.

use std::collections::HashMap;
use std::time::Duration;

use common::bus::{BusError, ParkedMessage, StoredEvent};
use common::error_code::ErrorCode;
use common::job::{JobError, JobState, Outcome};
use common::operation::Operation;
use tokio::time::Instant;

use crate::context::{Context, PATIENCE};
use crate::duty::{Duty, Next};
use crate::trouble::Trouble;

const INTERVAL: Duration = Duration::from_secs(30);
/// Messages of one capability that are ended in one tick.
const PER_TICK: usize = 100;

/// Ends jobs whose message is parked.
pub(crate) struct Parked {
    context: Context,
    /// Since when a message was seen parked.
    seen: HashMap<ParkedMessage, Instant>,
}

impl Parked {
    pub(crate) fn new(context: &Context) -> Self {
        Self { context: context.clone(), seen: HashMap::new() }
    }

    async fn find(&self) -> Result<Vec<ParkedMessage>, Trouble> {
        let mut found = Vec::new();
        for capability in Operation::capabilities() {
            if self.context.bus.unclaimed_messages(capability).await? > 0 {
                found.extend(self.context.bus.parked_messages(capability, PER_TICK).await?);
            }
        }
        Ok(found)
    }

    async fn bury(&self, parked: &ParkedMessage) -> Result<(), Trouble> {
        let last = match self.context.bus.events().confirmed(parked.job).await {
            Ok(Some(last)) if !last.event.is_terminal() => last,
            // Nobody waits for it.
            Ok(_) => return Ok(self.context.bus.remove_parked_message(parked).await?),
            Err(error @ BusError::Undecodable { .. }) => {
                tracing::error!(job.id = %parked.job, %error, "a parked job can not be ended");
                return Ok(());
            }
            Err(error) => return Err(error.into()),
        };
        if last.event.state == JobState::Running && self.context.somebody_runs(&last.event).await? {
            return Ok(());
        }
        self.dead_letter(&last).await
    }

    /// The dead letter first: a crash between the two repeats both.
    async fn dead_letter(&self, last: &StoredEvent) -> Result<(), Trouble> {
        let error = JobError::permanent(
            ErrorCode::WorkerLost,
            "the job was given to workers many times, but none could start it",
        );
        let mut dead = last.event.clone();
        dead.error = Some(error.clone());
        self.context.bus.publish_dead_job(&dead, PATIENCE).await?;
        if !self.context.end(last, Outcome::Failed(error)).await? {
            // The next tick looks again.
            return Ok(());
        }
        tracing::error!(job.id = %last.event.job.id, "a job that no worker could start is parked");
        self.context.metrics.repaired("parked_job");
        Ok(self.context.bus.remove_job(&last.event.job).await?)
    }
}

impl Duty for Parked {
    fn name(&self) -> &'static str {
        "parked"
    }

    async fn tick(&mut self) -> Result<Next, Trouble> {
        let found = self.find().await?;
        self.seen.retain(|parked, _| found.contains(parked));
        let (now, grace) = (Instant::now(), self.context.config.keeper.repair_grace);
        for parked in found {
            // Seen once it may be an ack on its way.
            let since = *self.seen.entry(parked.clone()).or_insert(now);
            if now - since >= grace {
                self.bury(&parked).await?;
                self.seen.remove(&parked);
            }
        }
        let rest = if self.seen.is_empty() { INTERVAL } else { grace };
        Ok(Next::In(rest))
    }
}
