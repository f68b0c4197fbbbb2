//! Pulling, over one subscription for all pulls from a consumer.
//!
//! The client library subscribes anew for each fetch. A subscription that comes or goes makes the broker forget what it
//! knew about where each subject leads, for every connection of the account: at thousands of pulls a second that costs
//! more than the messages.

use std::time::Duration;

use async_nats::jetstream::consumer::{Consumer, pull};
use async_nats::{StatusCode, Subscriber, jetstream};
use futures::StreamExt;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

use super::pulled::Pulled;
use super::{BusError, bounded};

/// A consumer that is pulled from, one pull at a time.
pub(super) struct Puller {
    client: async_nats::Client,
    jetstream: jetstream::Context,
    consumer: Consumer<pull::Config>,
    inbox: Mutex<Option<Inbox>>,
}

/// Where the answers to pulls arrive: each pull has a subject of its own below `prefix`.
struct Inbox {
    prefix: String,
    subscriber: Subscriber,
    pulls: u64,
}

impl Puller {
    pub(super) fn new(
        client: &async_nats::Client,
        jetstream: &jetstream::Context,
        consumer: Consumer<pull::Config>,
    ) -> Self {
        let (client, jetstream) = (client.clone(), jetstream.clone());
        Self { client, jetstream, consumer, inbox: Mutex::default() }
    }

    /// How long a message may stay without a sign of life.
    pub(super) fn ack_wait(&self) -> Duration {
        self.consumer.cached_info().config.ack_wait
    }

    /// Asks for messages and collects them until the broker says that there are no more, for at most `patience`. What
    /// arrived before an error is kept.
    ///
    /// The subscription is given up after anything but an orderly end, also when the caller stops waiting: the broker
    /// sends nothing to where nobody listens.
    pub(super) async fn pull(
        &self,
        request: pull::BatchConfig,
        patience: Duration,
    ) -> Result<Vec<Pulled>, BusError> {
        let mut kept = self.inbox.lock().await;
        let deadline = Instant::now() + patience;
        let mut inbox = match kept.take() {
            Some(inbox) => inbox,
            None => self.open().await?,
        };
        let (wanted, subject) = (request.batch, inbox.next_subject());
        bounded(self.consumer.request_batch(request, subject.as_str().into())).await?;
        let mut pulled = Vec::new();
        while pulled.len() < wanted {
            let Ok(Some(message)) = timeout_at(deadline, inbox.subscriber.next()).await else {
                return Ok(pulled);
            };
            match message.status.unwrap_or(StatusCode::OK) {
                StatusCode::OK => {
                    let context = self.jetstream.clone();
                    pulled.push(Pulled::new(jetstream::Message { message, context })?);
                }
                // The broker's last word to an earlier pull.
                _ if message.subject.as_str() != subject => {}
                StatusCode::IDLE_HEARTBEAT => {}
                StatusCode::TIMEOUT | StatusCode::NOT_FOUND => break,
                _ if !pulled.is_empty() => return Ok(pulled),
                status => {
                    let description = message.description.unwrap_or_default();
                    return Err(BusError::unavailable(format!(
                        "a pull was answered with {status} {description}"
                    )));
                }
            }
        }
        *kept = Some(inbox);
        Ok(pulled)
    }

    async fn open(&self) -> Result<Inbox, BusError> {
        let prefix = self.client.new_inbox();
        let subscriber = bounded(self.client.subscribe(format!("{prefix}.*"))).await?;
        Ok(Inbox { prefix, subscriber, pulls: 0 })
    }
}

impl Inbox {
    fn next_subject(&mut self) -> String {
        self.pulls += 1;
        format!("{}.{}", self.prefix, self.pulls)
    }
}
