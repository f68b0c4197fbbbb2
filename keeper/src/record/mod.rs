//! Events and delivery snapshots into SQL, in batches; acked after the commit.
//!
//! A batch is recorded in one transaction together with the position in the stream. Repeating a batch, in whole or in
//! part, changes nothing in SQL, so redelivery is harmless. What SQL does not take because it is away is held and tried
//! again; what it will never take is logged, counted and given up.

mod align;
mod batch;
pub(crate) mod deliveries;
pub(crate) mod events;
#[cfg(test)]
mod tests;

use std::time::Duration;

use common::bus::{ConsumerPosition, FixedConsumer, Pulled};
use common::clock::Timestamp;
use common::records::{Position, Records, RecordsError};
use tokio::time::Instant;

use crate::context::Context;
use crate::duty::{Duty, Next};
use crate::source::Source;
use crate::trouble::Trouble;
use batch::Batch;

/// How long a fetch waits for the first message; a stop waits for it.
const FETCH_WAIT: Duration = Duration::from_secs(1);
/// How old the known position of the consumer may be.
const POSITION_AGE: Duration = Duration::from_secs(1);

/// What is recorded from one stream.
pub(crate) trait Recorded: Send + 'static {
    /// One message, read.
    type Item: Send + Sync;
    const DUTY: &'static str;
    const CONSUMER: FixedConsumer;

    fn decode(pulled: &Pulled) -> Result<Self::Item, String>;

    fn apply(
        records: &Records,
        position: &Position,
        items: &[Self::Item],
        now: Timestamp,
    ) -> impl Future<Output = Result<(), RecordsError>> + Send;
}

/// Records one stream.
pub(crate) struct Recorder<R: Recorded> {
    context: Context,
    source: Source,
    known: Option<(ConsumerPosition, Instant)>,
    /// A batch that SQL did not take yet.
    held: Option<Batch<R>>,
}

impl<R: Recorded> Recorder<R> {
    pub(crate) fn new(context: &Context) -> Self {
        Self { context: context.clone(), source: Source::new(R::CONSUMER), known: None, held: None }
    }

    /// Where the consumer stands. Compares the records with it when that was not yet done for this stream.
    async fn position(&mut self) -> Result<ConsumerPosition, Trouble> {
        if let Some((position, at)) = &self.known
            && at.elapsed() < POSITION_AGE
        {
            return Ok(position.clone());
        }
        let mut position = self.context.bus.consumer_position(R::CONSUMER).await?;
        let same_stream = self
            .known
            .as_ref()
            .is_some_and(|(known, _)| known.stream_created == position.stream_created);
        if !same_stream {
            // What is held is of a stream that is gone: its sequences say nothing about this one.
            self.held = None;
            if align::align(&self.context, R::CONSUMER, &position).await? {
                self.source.forget();
                position = self.context.bus.consumer_position(R::CONSUMER).await?;
            }
        }
        self.context.metrics.lag(R::CONSUMER.stream(), position.pending + position.ack_pending);
        self.known = Some((position.clone(), Instant::now()));
        Ok(position)
    }

    async fn fetch(&mut self) -> Result<Batch<R>, Trouble> {
        let keeper = &self.context.config.keeper;
        let mut batch = Batch::default();
        batch.fill(&self.context.bus, &mut self.source, keeper.record_batch, FETCH_WAIT).await?;
        if !batch.is_empty() && !batch.is_full(keeper.record_batch) {
            // Gathered for a moment: one commit costs the same for one event as for many, and of a job that goes on
            // meanwhile the stream keeps its newest event only.
            tokio::time::sleep(keeper.record_interval).await;
            // The broker may have gone meanwhile; what is here is recorded all the same.
            let wait = Duration::from_millis(1);
            let _ =
                batch.fill(&self.context.bus, &mut self.source, keeper.record_batch, wait).await;
        }
        Ok(batch)
    }
}

impl<R: Recorded> Duty for Recorder<R> {
    fn name(&self) -> &'static str {
        R::DUTY
    }

    async fn tick(&mut self) -> Result<Next, Trouble> {
        let standing = self.position().await?;
        let mut batch = match self.held.take() {
            Some(held) => held,
            None => self.fetch().await?,
        };
        if batch.is_empty() {
            return Ok(Next::AtOnce);
        }
        let position = Position {
            stream: R::CONSUMER.stream().to_owned(),
            stream_created: standing.stream_created,
            floor: standing.ack_floor,
            high: batch.high(),
        };
        match batch.record(&self.context, &position).await {
            Ok(()) => {
                batch.settle(&self.context).await;
                Ok(Next::AtOnce)
            }
            Err(error) => {
                // Ours until SQL is back: else every event would come again after its ack wait.
                batch.keep().await;
                self.held = Some(batch);
                Err(error.into())
            }
        }
    }
}
