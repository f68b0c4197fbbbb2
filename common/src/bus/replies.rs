//! What a waiting gateway hears from the worker: not stored, numbered, and bearing the run it comes from.

use bytes::Bytes;
use futures::StreamExt;

use super::{Bus, BusError, bounded, headers, subjects};
use crate::job::{JobId, RunId};

/// What a reply is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplyKind {
    /// A run owns the job. The first reply of every run.
    Started,
    /// A part of the growing answer.
    Chunk,
    /// Share done, 0 to 1, as text.
    Progress,
    /// The whole answer, or its last part when chunks came before.
    Result {
        /// Media type of the answer.
        content_type: String,
    },
    /// The run failed for good: a `JobError` as JSON.
    Error,
}

/// One reply.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The run that it comes from.
    pub run_id: RunId,
    /// Its position among the replies of its run, from 0. A gap means that replies were lost.
    pub sequence: u64,
    /// What it is.
    pub kind: ReplyKind,
    /// Its content.
    pub body: Bytes,
}

/// Every reply to one gateway.
pub struct ReplySubscription(async_nats::Subscriber);

impl Bus {
    /// Sends a reply. Fire and forget: nobody may wait any more.
    pub async fn publish_reply(
        &self,
        gateway: &str,
        job: JobId,
        reply: &Reply,
    ) -> Result<(), BusError> {
        let mut map = async_nats::HeaderMap::new();
        map.insert(headers::RUN, reply.run_id.to_string().as_str());
        map.insert(headers::SEQUENCE, reply.sequence.to_string().as_str());
        let kind = match &reply.kind {
            ReplyKind::Started => "started",
            ReplyKind::Chunk => "chunk",
            ReplyKind::Progress => "progress",
            ReplyKind::Result { content_type } => {
                map.insert(headers::CONTENT_TYPE, content_type.as_str());
                "result"
            }
            ReplyKind::Error => "error",
        };
        map.insert(headers::KIND, kind);
        let subject = subjects::reply(gateway, job);
        bounded(self.client.publish_with_headers(subject, map, reply.body.clone())).await
    }

    /// Subscribes to all replies for a gateway.
    pub async fn subscribe_replies(&self, gateway: &str) -> Result<ReplySubscription, BusError> {
        let subscriber = bounded(self.client.subscribe(subjects::replies(gateway))).await?;
        bounded(self.client.flush()).await?;
        Ok(ReplySubscription(subscriber))
    }
}

impl ReplySubscription {
    /// The next reply; `None` when the subscription ended.
    pub async fn next(&mut self) -> Option<(JobId, Reply)> {
        loop {
            let message = self.0.next().await?;
            if let Some(reply) = decode(message) {
                return Some(reply);
            }
        }
    }
}

fn decode(message: async_nats::Message) -> Option<(JobId, Reply)> {
    let job = subjects::last_token(&message.subject).parse().ok()?;
    let map = message.headers?;
    let kind = match headers::text(&map, headers::KIND)? {
        "started" => ReplyKind::Started,
        "chunk" => ReplyKind::Chunk,
        "progress" => ReplyKind::Progress,
        "result" => ReplyKind::Result {
            content_type: headers::text(&map, headers::CONTENT_TYPE)?.to_owned(),
        },
        "error" => ReplyKind::Error,
        _ => return None,
    };
    let reply = Reply {
        run_id: headers::text(&map, headers::RUN)?.parse().ok()?,
        sequence: headers::number(&map, headers::SEQUENCE)?,
        kind,
        body: message.payload,
    };
    Some((job, reply))
}
