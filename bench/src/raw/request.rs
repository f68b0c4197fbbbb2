//! Request and reply without JetStream: what a call through NATS costs at least.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::load::{Measured, Operation, Plan, open};
use crate::system::Broker;

struct Ask {
    client: async_nats::Client,
    body: Bytes,
}

impl Operation for Ask {
    async fn run(&mut self, _: Instant) -> anyhow::Result<u64> {
        self.client.request("raw.ask", self.body.clone()).await?;
        Ok(1)
    }
}

/// Asks a responder on another connection, as planned, with bodies of this size.
pub(crate) async fn request_reply(
    broker: &Broker,
    concurrency: usize,
    size: usize,
    warm_up: Duration,
    plan: Plan,
) -> anyhow::Result<Measured> {
    let (asking, answering) = (broker.connect().await?, broker.connect().await?);
    let mut requests = answering.subscribe("raw.ask").await?;
    answering.flush().await?;
    let mut responder = JoinSet::new();
    responder.spawn(async move {
        while let Some(request) = requests.next().await {
            if let Some(reply) = request.reply {
                // Answers with a body like that of a chat, whatever was asked.
                let _ = answering.publish(reply, Bytes::from(vec![b'x'; super::SIZE])).await;
            }
        }
    });
    let body = Bytes::from(vec![b'x'; size]);
    let operations = (0..concurrency).map(|_| Ask { client: asking.clone(), body: body.clone() });
    let (operations, _) = crate::load::closed(operations.collect(), warm_up).await;
    let (_, measured) = open(operations, plan).await;
    measured.faultless("raw requests")
}
