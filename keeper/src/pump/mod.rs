//! Delays that are due into the queue where they belong. A delay is acked only after the queue has acked its copy, so
//! a crash between the two repeats the move, which the queue then recognises.

#[cfg(test)]
mod tests;

use std::time::Duration;

use common::bus::{BusError, FixedConsumer, Forwarded, Pulled};
use futures::StreamExt as _;
use futures::stream;

use crate::context::Context;
use crate::duty::{Duty, Next};
use crate::source::Source;
use crate::trouble::Trouble;

/// Delays that are taken at once.
const FETCH: usize = 128;
/// Delays that are moved at the same time.
const MOVING: usize = 32;
/// How long a fetch waits for the first delay; a stop waits for it.
const FETCH_WAIT: Duration = Duration::from_secs(1);
/// When a delay whose move was not answered comes again.
const UNANSWERED: Duration = Duration::from_secs(1);

/// Where due delays go.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Destination {
    Jobs,
    Webhooks,
}

impl Destination {
    const fn consumer(self) -> FixedConsumer {
        match self {
            Self::Jobs => FixedConsumer::PumpJobs,
            Self::Webhooks => FixedConsumer::PumpWebhooks,
        }
    }
}

/// Pumps due delays to one destination.
pub(crate) struct Pump {
    context: Context,
    destination: Destination,
    source: Source,
}

impl Pump {
    pub(crate) fn new(context: &Context, destination: Destination) -> Self {
        Self { context: context.clone(), destination, source: Source::new(destination.consumer()) }
    }

    /// Moves one delay and settles it.
    async fn forward(&self, due: &Pulled) -> Result<(), BusError> {
        let forwarded = match self.destination {
            Destination::Jobs => self.context.bus.forward_due_job(due).await,
            Destination::Webhooks => self.context.bus.forward_due_delivery(due).await,
        };
        let name = self.destination.consumer().name();
        match forwarded {
            Ok(Forwarded::Done) => {
                self.context.metrics.pumped(name);
                due.ack().await
            }
            Ok(Forwarded::Later(delay)) => {
                self.context.metrics.postponed(name);
                due.nak(Some(delay)).await
            }
            Ok(Forwarded::Unreadable) => {
                // A delivery that is over meanwhile ends here too. A job is looked after by repair.
                tracing::warn!(
                    subject = due.subject(),
                    sequence = due.stream_sequence,
                    "a due delay can not be moved and is dropped"
                );
                self.context.metrics.cleaned("dropped_delays", 1);
                due.term().await
            }
            Err(error) => {
                self.context.metrics.postponed(name);
                let _ = due.nak(Some(UNANSWERED)).await;
                Err(error)
            }
        }
    }
}

impl Duty for Pump {
    fn name(&self) -> &'static str {
        self.destination.consumer().name()
    }

    async fn tick(&mut self) -> Result<Next, Trouble> {
        let due = self.source.fetch(&self.context.bus, FETCH, FETCH_WAIT).await?;
        let moves: Vec<_> = due.iter().map(|due| self.forward(due)).collect();
        let outcomes: Vec<_> = stream::iter(moves).buffer_unordered(MOVING).collect().await;
        outcomes.into_iter().collect::<Result<(), BusError>>()?;
        Ok(Next::AtOnce)
    }
}
