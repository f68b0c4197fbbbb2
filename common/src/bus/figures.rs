//! How full the queues are. Asked by one cached poller per process, never per request.

use async_nats::jetstream::stream::Info;
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sentinel::without_sentinel;
use super::{Bus, BusError, bounded, subjects};
use crate::job::Lane;
use crate::operation::Operation;

/// One queue: a model in a lane.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueueFigures {
    /// What a worker must be able to do.
    pub capability: String,
    /// The model.
    pub model: String,
    /// The lane.
    pub lane: Lane,
    /// Jobs that wait.
    pub waiting: u64,
    /// Jobs that were given to a worker and not yet settled.
    pub in_flight: u64,
    /// Deliveries since the consumer was made.
    pub delivered_total: u64,
    /// Stream sequence of the job that was delivered last: a job with a greater one still waits.
    pub delivered_sequence: u64,
}

/// How full a stream is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StreamFill {
    /// The stream.
    pub name: String,
    /// Messages in it; in a queue of jobs, the jobs.
    pub messages: u64,
    /// Bytes in it.
    pub bytes: u64,
    /// How many it may hold; absent when not limited.
    pub max_messages: Option<u64>,
    /// How many bytes it may hold; absent when not limited.
    pub max_bytes: Option<u64>,
}

impl StreamFill {
    /// The fuller of the two limits, from 0 to 1.
    pub fn fraction(&self) -> f64 {
        let share = |used: u64, limit: Option<u64>| {
            limit.map_or(0.0, |limit| used as f64 / limit.max(1) as f64)
        };
        share(self.messages, self.max_messages).max(share(self.bytes, self.max_bytes))
    }
}

impl Bus {
    /// The figures of every queue that has a consumer.
    pub async fn queue_figures(&self) -> Result<Vec<QueueFigures>, BusError> {
        let mut figures = Vec::new();
        for capability in Operation::capabilities() {
            for name in [subjects::calls_stream(capability), subjects::jobs_stream(capability)] {
                let stream = self.stream(&name).await?;
                let consumers: Vec<_> = bounded(stream.consumers().try_collect()).await?;
                for info in consumers {
                    let Some((model, lane)) = subjects::parse_model_consumer(&info.name) else {
                        continue;
                    };
                    figures.push(QueueFigures {
                        capability: capability.to_owned(),
                        model,
                        lane,
                        waiting: info.num_pending,
                        in_flight: info.num_ack_pending as u64,
                        delivered_total: info.delivered.consumer_sequence,
                        delivered_sequence: info.delivered.stream_sequence,
                    });
                }
            }
        }
        Ok(figures)
    }

    /// How full the streams are that hold accepted work.
    pub async fn stream_fill(&self) -> Result<Vec<StreamFill>, BusError> {
        let mut fills = Vec::new();
        for capability in Operation::capabilities() {
            let stream = self.stream(&subjects::jobs_stream(capability)).await?;
            let mut fill = fill(bounded(stream.get_info()).await?);
            fill.messages = without_sentinel(&stream, capability, fill.messages).await?;
            fill.max_messages = fill.max_messages.map(|limit| limit.saturating_sub(1));
            fills.push(fill);
        }
        for name in [subjects::JOB_EVENTS, subjects::DELAYS, subjects::WEBHOOKS] {
            fills.push(fill(bounded(self.stream(name).await?.get_info()).await?));
        }
        Ok(fills)
    }

    /// The models and lanes that have messages in JOBS of a capability, whether or not a consumer takes them.
    /// Looks at up to `limit` subjects.
    pub async fn queued_models(
        &self,
        capability: &str,
        limit: usize,
    ) -> Result<Vec<(String, Lane)>, BusError> {
        let stream = self.stream(&subjects::jobs_stream(capability)).await?;
        let mut listing = bounded(stream.info_with_subjects("jobs.>")).await?;
        let mut found = std::collections::HashSet::new();
        for _ in 0..limit {
            let Some((subject, _)) = bounded(listing.try_next()).await? else { break };
            found.extend(subjects::parse_work(&subject).map(|(_, model, lane)| (model, lane)));
        }
        Ok(found.into_iter().collect())
    }
}

fn fill(info: Info) -> StreamFill {
    let limit = |value: i64| u64::try_from(value).ok().filter(|limit| *limit > 0);
    StreamFill {
        name: info.config.name,
        messages: info.state.messages,
        bytes: info.state.bytes,
        max_messages: limit(info.config.max_messages),
        max_bytes: limit(info.config.max_bytes),
    }
}
