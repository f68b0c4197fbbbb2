//! Messages that are recorded together.

use std::time::Duration;

use common::bus::{Bus, BusError, Pulled};
use common::records::{Position, RecordsError};
use futures::StreamExt as _;

use super::Recorded;
use crate::context::Context;
use crate::source::Source;

/// Messages of one request; its bytes have a limit of their own.
const FETCH: usize = 1000;
/// A batch asks for no more once it has this many bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Settlements that are sent at the same time.
const SETTLING: usize = 32;

/// Messages with what was read of them.
pub(super) struct Batch<R: Recorded> {
    pulled: Vec<Pulled>,
    items: Vec<R::Item>,
    /// Messages that can not be read or recorded.
    broken: Vec<Pulled>,
    bytes: usize,
}

impl<R: Recorded> Default for Batch<R> {
    fn default() -> Self {
        Self { pulled: Vec::new(), items: Vec::new(), broken: Vec::new(), bytes: 0 }
    }
}

impl<R: Recorded> Batch<R> {
    pub(super) fn is_empty(&self) -> bool {
        self.pulled.is_empty() && self.broken.is_empty()
    }

    pub(super) fn is_full(&self, limit: usize) -> bool {
        self.pulled.len() + self.broken.len() >= limit || self.bytes >= MAX_BYTES
    }

    /// The greatest sequence in the batch.
    pub(super) fn high(&self) -> u64 {
        let all = self.pulled.iter().chain(&self.broken);
        all.map(|pulled| pulled.stream_sequence).max().unwrap_or(0)
    }

    /// Takes what is there, or the first message that comes within `wait`, until the batch is full.
    pub(super) async fn fill(
        &mut self,
        bus: &Bus,
        source: &mut Source,
        limit: usize,
        wait: Duration,
    ) -> Result<(), BusError> {
        while !self.is_full(limit) {
            let room = FETCH.min(limit - self.pulled.len() - self.broken.len());
            let wait = if self.is_empty() { wait } else { Duration::from_millis(1) };
            let fetched = match source.fetch(bus, room, wait).await {
                Ok(fetched) => fetched,
                Err(_) if !self.is_empty() => return Ok(()),
                Err(error) => return Err(error),
            };
            let more = fetched.len() == room;
            for pulled in fetched {
                self.take(pulled);
            }
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn take(&mut self, pulled: Pulled) {
        self.bytes += pulled.payload().len();
        match R::decode(&pulled) {
            Ok(item) => {
                self.items.push(item);
                self.pulled.push(pulled);
            }
            Err(reason) => {
                tracing::error!(
                    subject = pulled.subject(),
                    sequence = pulled.stream_sequence,
                    reason,
                    "a message can not be read and is not recorded"
                );
                self.broken.push(pulled);
            }
        }
    }

    /// Records the batch. When SQL refuses it for its values, each message is tried alone and only those that are
    /// refused alone are given up. On an error nothing is lost: the batch may be recorded again.
    pub(super) async fn record(
        &mut self,
        context: &Context,
        position: &Position,
    ) -> Result<(), RecordsError> {
        let now = context.clock.now();
        match R::apply(&context.records, position, &self.items, now).await {
            Err(RecordsError::Rejected(_)) => {}
            outcome => return outcome,
        }
        let mut index = 0;
        while index < self.items.len() {
            let alone = std::slice::from_ref(&self.items[index]);
            match R::apply(&context.records, position, alone, now).await {
                Ok(()) => index += 1,
                Err(RecordsError::Rejected(reason)) => {
                    let pulled = self.pulled.remove(index);
                    self.items.remove(index);
                    tracing::error!(
                        subject = pulled.subject(),
                        sequence = pulled.stream_sequence,
                        reason,
                        "a message is refused by the records and is not recorded"
                    );
                    self.broken.push(pulled);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Acks what is recorded and drops what never will be. An ack that is lost brings the message again.
    pub(super) async fn settle(self, context: &Context) {
        context.metrics.recorded(R::CONSUMER.stream(), self.pulled.len(), self.broken.len());
        futures::stream::iter(&self.pulled)
            .for_each_concurrent(SETTLING, |pulled| async move {
                let _ = pulled.ack().await;
            })
            .await;
        futures::stream::iter(&self.broken)
            .for_each_concurrent(SETTLING, |pulled| async move {
                let _ = pulled.term().await;
            })
            .await;
    }

    /// Renews the ack wait of every message.
    pub(super) async fn keep(&self) {
        futures::stream::iter(self.pulled.iter().chain(&self.broken))
            .for_each_concurrent(SETTLING, |pulled| async move {
                let _ = pulled.progress().await;
            })
            .await;
    }
}
