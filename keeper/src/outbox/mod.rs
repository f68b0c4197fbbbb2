//! Terminal events into webhook deliveries.
//!
//! JOB_EVENTS is the outbox: whoever writes a terminal event has done all it must. This duty reads the headers of every
//! event once, makes one delivery for each target under an id that follows from event and target, and acks the event
//! when all of them are stored. A crash repeats the event, which finds its deliveries made.

mod make;
mod targets;
#[cfg(test)]
mod tests;
mod unknown;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::bus::{BusError, FixedConsumer, PublishError, Pulled, headers};
use common::job::Tenant;
use futures::StreamExt as _;
use futures::stream;
use tokio::time::Instant;

use crate::context::Context;
use crate::duty::{Duty, Next};
use crate::source::Source;
use crate::trouble::Trouble;

use self::unknown::Unknown;

/// Events that are taken at once.
const FETCH: usize = 1000;
/// Events that are worked on at the same time.
const WORKING: usize = 32;
/// After so many troubles the rest of a batch is put back: in an outage each event takes seconds, and the last of a
/// thousand would come to somebody else before it is worked on. One that can not be worked on holds no other up.
const TROUBLES: usize = WORKING;
/// How long a fetch waits for the first event; a stop waits for it.
const FETCH_WAIT: Duration = Duration::from_secs(1);
/// How long events are gathered before the next fetch.
const GATHER: Duration = Duration::from_millis(20);
/// When an event comes again whose deliveries could not be stored.
const AGAIN: Duration = Duration::from_secs(2);

/// Makes deliveries.
pub(crate) struct Outbox {
    context: Context,
    source: Source,
    unknown: Unknown,
}

/// What became of an event.
enum Done {
    /// All that follows from it is stored.
    Ack,
    /// It can never be worked on.
    Drop,
    /// It is asked for once more a little later.
    Later,
}

impl Outbox {
    pub(crate) fn new(context: &Context) -> Self {
        Self {
            context: context.clone(),
            source: Source::new(FixedConsumer::Outbox),
            unknown: Unknown::default(),
        }
    }

    async fn settle(&self, pulled: &Pulled) -> Result<(), Trouble> {
        match self.work(pulled).await {
            Ok(Done::Ack) => Ok(pulled.ack().await?),
            Ok(Done::Drop) => Ok(pulled.term().await?),
            Ok(Done::Later) => Ok(pulled.nak(Some(AGAIN)).await?),
            Err(trouble) => {
                let _ = pulled.nak(Some(AGAIN)).await;
                Err(trouble)
            }
        }
    }

    async fn work(&self, pulled: &Pulled) -> Result<Done, Trouble> {
        let Some(event_type) = terminal_type(pulled) else { return Ok(Done::Ack) };
        let Some(tenant) = pulled.header(headers::TENANT).and_then(|name| name.parse().ok()) else {
            tracing::error!(
                subject = pulled.subject(),
                sequence = pulled.stream_sequence,
                "an event names no tenant; no webhook follows from it"
            );
            return Ok(Done::Drop);
        };
        if !self.context.live.fresh() {
            return Err(Trouble::StaleConfig);
        }
        let own_webhook = pulled.header(headers::WEBHOOK).is_some();
        if !own_webhook && !self.any_endpoint_wants(&tenant, event_type) {
            return Ok(Done::Ack);
        }
        let stored = match self.context.bus.events().get(pulled.stream_sequence).await {
            Ok(Some(stored)) => stored,
            Ok(None) => return Ok(self.without_event(pulled.stream_sequence)),
            Err(error @ BusError::Undecodable { .. }) => {
                tracing::error!(%error, "no webhook follows from an event that can not be read");
                return Ok(Done::Drop);
            }
            Err(error) => return Err(error.into()),
        };
        self.unknown.is_known(pulled.stream_sequence);
        for target in targets::of(&self.context, &stored.event) {
            match make::delivery(&self.context, &stored.event, target).await {
                Err(Trouble::Publish(PublishError::TooLarge)) => {
                    tracing::error!(
                        job.id = %stored.event.job.id,
                        "a webhook is too large for the broker and is not sent"
                    );
                }
                outcome => outcome?,
            }
        }
        Ok(Done::Ack)
    }

    /// An end that is not there was removed by its owner, or is older than any callback is useful; in a cluster its
    /// leader may not know it.
    fn without_event(&self, sequence: u64) -> Done {
        let is_single = !self.context.bus.events().has_copies();
        if is_single || self.unknown.is_believed(sequence, Instant::now()) {
            Done::Ack
        } else {
            Done::Later
        }
    }

    fn any_endpoint_wants(&self, tenant: &Tenant, event_type: &str) -> bool {
        !targets::endpoints(&self.context, tenant, event_type).is_empty()
    }
}

/// It comes again a little later; a try that fails makes it come after `ack_wait`.
async fn put_back(event: &Pulled) {
    let _ = event.nak(Some(AGAIN)).await;
}

/// Works on all events, some at a time, and puts back what is left after many troubles. Gives one of them.
async fn work_off<'a, T, W, P>(
    events: &'a [T],
    work: impl Fn(&'a T) -> W,
    put_back: impl Fn(&'a T) -> P,
) -> Result<(), Trouble>
where
    W: Future<Output = Result<(), Trouble>>,
    P: Future<Output = ()>,
{
    let troubles = AtomicUsize::new(0);
    let (troubles, work, put_back) = (&troubles, &work, &put_back);
    let each: Vec<_> = events
        .iter()
        .map(|event| async move {
            if troubles.load(Ordering::Relaxed) >= TROUBLES {
                put_back(event).await;
                return Ok(());
            }
            let outcome = work(event).await;
            if outcome.is_err() {
                troubles.fetch_add(1, Ordering::Relaxed);
            }
            outcome
        })
        .collect();
    let outcomes: Vec<_> = stream::iter(each).buffer_unordered(WORKING).collect().await;
    outcomes.into_iter().collect()
}

/// The type of an event that a webhook may follow from.
fn terminal_type(pulled: &Pulled) -> Option<&str> {
    let event_type = pulled.header(headers::TYPE)?;
    let ends =
        matches!(event_type, "job.succeeded" | "job.failed" | "job.canceled" | "job.expired");
    (ends && pulled.header(headers::SILENT).is_none()).then_some(event_type)
}

impl Duty for Outbox {
    fn name(&self) -> &'static str {
        "outbox"
    }

    async fn tick(&mut self) -> Result<Next, Trouble> {
        if !self.context.live.fresh() {
            return Err(Trouble::StaleConfig);
        }
        let events = self.source.fetch(&self.context.bus, FETCH, FETCH_WAIT).await?;
        work_off(&events, |event| self.settle(event), put_back).await?;
        // Gathered for a moment: one pull costs the broker the same for one event as for many, and of a job that goes on
        // meanwhile the stream keeps its newest event only.
        Ok(if (1..FETCH).contains(&events.len()) { Next::In(GATHER) } else { Next::AtOnce })
    }
}
