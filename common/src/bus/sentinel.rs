//! The sentinel of a queue: its first message, which is no job and which nobody takes.
//!
//! A consumer that has come to the first message that is left asks nats-server (2.15.1) for the next one, which then goes
//! through every subject of the stream: 20 ms with a hundred thousand queued jobs, 150 ms with a million, in which nobody
//! else is served from it. Behind a sentinel no job is ever the first message.
//!
//! It moves on from time to time, while the queue is short: what the server keeps to remember removed messages goes only
//! when the first message has moved.

use std::time::Duration;

use async_nats::jetstream::message::PublishMessage;
use async_nats::jetstream::stream::Stream;
use futures::future::join_all;

use super::publish::{Refusal, publish};
use super::read::last_message;
use super::remove::remove;
use super::{Bus, BusError, bounded, subjects};
use crate::operation::Operation;

/// How long the broker is asked to take it.
const PATIENCE: Duration = Duration::from_secs(2);
/// The most jobs before which it moves on: until they are gone it is of no use.
const SHORT: u64 = 1_000;
/// For people who look into the stream.
const CONTENT: &str = "This is no job. It stays first, so that pulls are fast.";

impl Bus {
    /// Puts a sentinel into every queue that has none. Jobs run without it as well: who can not put it there goes on, and the
    /// keeper tries again.
    pub(super) async fn ensure_sentinels(&self) {
        let capabilities = Operation::capabilities().into_iter();
        let ensured = capabilities.map(|capability| self.ensure_sentinel(capability));
        for error in join_all(ensured).await.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "long queues are slower until the keeper has put the sentinel there");
        }
    }

    /// Puts the sentinel into the queue of a capability, unless there is one. A queue that is full goes without.
    async fn ensure_sentinel(&self, capability: &str) -> Result<(), BusError> {
        let stream = self.stream(&subjects::jobs_stream(capability)).await?;
        let subject = subjects::sentinel(capability);
        if last_message(&stream, &subject).await?.is_some() {
            return Ok(());
        }
        let message = PublishMessage::build().payload(CONTENT.into());
        match publish(&self.jetstream, &subject, &message, PATIENCE).await {
            Ok(_) | Err(Refusal::SubjectTaken | Refusal::Full) => Ok(()),
            Err(refusal) => Err(BusError::unavailable(format!(
                "the sentinel of {} is not stored: {refusal:?}",
                subjects::jobs_stream(capability)
            ))),
        }
    }

    /// Moves the sentinel of a capability to the end, when at least `far` sequences came after it and the queue is short.
    /// Puts it there when there is none.
    pub async fn renew_sentinel(&self, capability: &str, far: u64) -> Result<(), BusError> {
        let stream = self.stream(&subjects::jobs_stream(capability)).await?;
        let state = bounded(stream.get_info()).await?.state;
        if let Some(sentinel) = last_message(&stream, &subjects::sentinel(capability)).await? {
            if state.messages > SHORT || state.last_sequence.saturating_sub(sentinel.sequence) < far
            {
                return Ok(());
            }
            remove(&stream, sentinel.sequence).await?;
        }
        self.ensure_sentinel(capability).await
    }
}

/// How many of the `messages` in the queue of a capability are jobs.
pub(super) async fn without_sentinel(
    stream: &Stream<()>,
    capability: &str,
    messages: u64,
) -> Result<u64, BusError> {
    let sentinel = last_message(stream, &subjects::sentinel(capability)).await?;
    Ok(messages.saturating_sub(u64::from(sentinel.is_some())))
}
