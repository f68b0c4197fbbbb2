//! One subscription per gateway, demultiplexed in memory to the requests that wait.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::bus::{Bus, Reply, ReplySubscription};
use common::job::JobId;
use dashmap::DashMap;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Replies that may wait for one slow caller.
const MAX_WAITING: usize = 1024;
/// Bytes that may wait for one slow caller; a single reply may always wait.
const MAX_WAITING_BYTES: usize = 8 << 20;

/// The requests of this gateway that wait for replies. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Replies(Arc<DashMap<JobId, Slot>>);

struct Slot {
    sender: mpsc::Sender<Reply>,
    /// Bytes that lie in the channel.
    load: Arc<AtomicUsize>,
}

/// A request that waits for the replies to one job. Dropping it ends the waiting.
pub(crate) struct Waiting {
    job: JobId,
    replies: Replies,
    receiver: mpsc::Receiver<Reply>,
    load: Arc<AtomicUsize>,
}

impl Replies {
    /// Waits for replies to a job. Call it before the job is published: then nothing is missed. One request per
    /// job; a second one follows the job's events instead.
    pub(crate) fn wait_for(&self, job: JobId) -> Waiting {
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        let load = Arc::new(AtomicUsize::new(0));
        self.0.insert(job, Slot { sender, load: Arc::clone(&load) });
        Waiting { job, replies: self.clone(), receiver, load }
    }

    /// Hands out the replies to `gateway` until `stop`. The subscription is made before the first request is served.
    pub(crate) async fn run(
        self,
        bus: Bus,
        gateway: String,
        mut subscription: ReplySubscription,
        stop: CancellationToken,
    ) {
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                next = subscription.next() => if let Some((job, reply)) = next {
                    self.hand_out(job, reply);
                    continue;
                },
            }
            // Only a connection that was closed for good ends a subscription.
            match bus.subscribe_replies(&gateway).await {
                Ok(again) => subscription = again,
                Err(error) => {
                    tracing::warn!(%error, "replies can not be subscribed to; trying again");
                    tokio::time::sleep(Duration::from_millis(500)).await;
                }
            }
        }
    }

    fn hand_out(&self, job: JobId, reply: Reply) {
        // Nobody waits any more: the caller left or has its answer.
        let Some(slot) = self.0.get(&job) else { return };
        let size = reply.body.len();
        let before = slot.load.fetch_add(size, Ordering::AcqRel);
        let fits = before == 0 || before + size <= MAX_WAITING_BYTES;
        if !fits || slot.sender.try_send(reply).is_err() {
            // The reader finds the end of the channel behind what it still holds.
            drop(slot);
            self.0.remove(&job);
        }
    }
}

impl Waiting {
    /// The next reply; `None` when no more can come because the caller read too slowly.
    pub(crate) async fn next(&mut self) -> Option<Reply> {
        let reply = self.receiver.recv().await?;
        self.load.fetch_sub(reply.body.len(), Ordering::AcqRel);
        Some(reply)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let own = |_: &JobId, slot: &Slot| Arc::ptr_eq(&slot.load, &self.load);
        self.replies.0.remove_if(&self.job, own);
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use common::bus::ReplyKind;
    use common::clock::SystemClock;
    use common::job::RunId;

    use super::*;

    fn chunk(sequence: u64, size: usize) -> Reply {
        Reply {
            run_id: RunId::new(&SystemClock),
            sequence,
            kind: ReplyKind::Chunk,
            body: Bytes::from(vec![b'x'; size]),
        }
    }

    #[tokio::test]
    async fn each_request_gets_the_replies_to_its_own_job() {
        let replies = Replies::default();
        let (one, two) = (JobId::new(&SystemClock), JobId::new(&SystemClock));
        let mut first = replies.wait_for(one);
        let mut second = replies.wait_for(two);
        replies.hand_out(two, chunk(7, 1));
        replies.hand_out(one, chunk(3, 1));
        assert_eq!(first.next().await.unwrap().sequence, 3);
        assert_eq!(second.next().await.unwrap().sequence, 7);
        drop(first);
        replies.hand_out(one, chunk(4, 1));
        assert_eq!(replies.0.len(), 1);
    }

    #[tokio::test]
    async fn a_caller_that_reads_too_slowly_is_cut_off_after_what_it_holds() {
        let replies = Replies::default();
        let job = JobId::new(&SystemClock);
        let mut waiting = replies.wait_for(job);
        replies.hand_out(job, chunk(0, MAX_WAITING_BYTES));
        replies.hand_out(job, chunk(1, 1));
        assert_eq!(waiting.next().await.unwrap().sequence, 0);
        assert!(waiting.next().await.is_none());
    }

    #[tokio::test]
    async fn what_was_read_makes_room() {
        let replies = Replies::default();
        let job = JobId::new(&SystemClock);
        let mut waiting = replies.wait_for(job);
        for sequence in 0..4 {
            replies.hand_out(job, chunk(sequence, MAX_WAITING_BYTES / 2));
            assert_eq!(waiting.next().await.unwrap().sequence, sequence);
        }
        assert_eq!(waiting.load.load(Ordering::Acquire), 0);
    }
}
