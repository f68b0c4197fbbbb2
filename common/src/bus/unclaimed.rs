//! Messages in JOBS that no worker will ever be given: nobody consumes them, or the broker has delivered them as often
//! as it may. It keeps such messages for ever and counts them nowhere.

use async_nats::jetstream::consumer;
use futures::TryStreamExt;

use super::read::next_message;
use super::remove::remove_all;
use super::sentinel::without_sentinel;
use super::{Bus, BusError, bounded, subjects};
use crate::job::JobId;

/// A message that the broker has delivered as often as it may.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ParkedMessage {
    /// Its job.
    pub job: JobId,
    /// Its sequence in the stream.
    pub sequence: u64,
    capability: String,
    subject: String,
}

impl Bus {
    /// How many messages in JOBS of a capability no consumer counts as waiting or as delivered. Two questions at two
    /// moments: what moves in between may show up here once.
    pub async fn unclaimed_messages(&self, capability: &str) -> Result<u64, BusError> {
        let stream = self.stream(&subjects::jobs_stream(capability)).await?;
        let consumers: Vec<_> = bounded(stream.consumers().try_collect()).await?;
        let claimed: u64 =
            consumers.iter().map(|info| info.num_pending + info.num_ack_pending as u64).sum();
        let messages = bounded(stream.get_info()).await?.state.messages;
        let jobs = without_sentinel(&stream, capability, messages).await?;
        Ok(jobs.saturating_sub(claimed))
    }

    /// Messages in JOBS of a capability that their consumer has given up, up to `limit`, oldest first. An ack that is
    /// being applied may make a message show up here once.
    pub async fn parked_messages(
        &self,
        capability: &str,
        limit: usize,
    ) -> Result<Vec<ParkedMessage>, BusError> {
        let stream = self.stream(&subjects::jobs_stream(capability)).await?;
        let consumers: Vec<_> = bounded(stream.consumers().try_collect()).await?;
        let mut parked = Vec::new();
        for info in consumers {
            let Some((model, lane)) = subjects::parse_model_consumer(&info.name) else { continue };
            let filter = subjects::model_filter(capability, &model, lane);
            let mut sequence = 1;
            let settled = settled_up_to(&info);
            while parked.len() < limit && sequence <= settled {
                let Some(found) = next_message(&stream, &filter, sequence).await? else { break };
                if found.sequence > settled {
                    break;
                }
                sequence = found.sequence + 1;
                if let Ok(job) = subjects::last_token(&found.subject).parse() {
                    parked.push(ParkedMessage {
                        job,
                        sequence: found.sequence,
                        capability: capability.to_owned(),
                        subject: found.subject.to_string(),
                    });
                }
            }
        }
        Ok(parked)
    }

    /// Removes a parked message. Only when its job has ended or was never recorded.
    pub async fn remove_parked_message(&self, parked: &ParkedMessage) -> Result<(), BusError> {
        let stream = self.stream(&subjects::jobs_stream(&parked.capability)).await?;
        remove_all(&stream, &parked.subject).await
    }
}

/// The sequence up to which a consumer waits for no ack. A work queue removes what is acked, so a message that still
/// lies below it was given up.
fn settled_up_to(info: &consumer::Info) -> u64 {
    if info.num_ack_pending == 0 {
        info.delivered.stream_sequence
    } else {
        info.ack_floor.stream_sequence
    }
}
