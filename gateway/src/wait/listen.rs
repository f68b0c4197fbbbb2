//! Everything that one waiting request can hear about its job, as one sequence.

use std::time::Duration;

use bytes::Bytes;
use common::bus::{Bus, BusError, EventFeed, Follow, Reply, ReplyKind};
use common::error_code::ErrorCode;
use common::job::{JobError, JobEvent, JobId, JobState};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use super::Waiting;
use super::lock::{RunLock, Verdict};

/// How often the status of a durable job is read besides, in case that a repeated event was lost.
const CHECK_EVERY: Duration = Duration::from_secs(10);
/// How often it is looked whether a call has ended, in case that its last reply was lost.
const CHECK_CALL_EVERY: Duration = Duration::from_secs(5);
/// How long the last replies may take after the event that ends a call.
const LAST_REPLIES: Duration = Duration::from_secs(2);

/// What a waiting request hears.
#[derive(Debug)]
pub(crate) enum Heard {
    /// A run has the job.
    Started,
    /// A part of the answer.
    Chunk(Bytes),
    /// Another run begins: what was heard before is void.
    Void,
    /// The answer is complete with these last bytes.
    Answered {
        /// Media type of the whole answer.
        content_type: String,
        /// What follows the chunks.
        last: Bytes,
    },
    /// The run failed for good.
    Failed(JobError),
    /// The terminal event of a durable job stands.
    Ended(Box<JobEvent>),
    /// Replies are missing, so that the answer can not be told by them.
    Lost(Lost),
}

/// Why an answer can not be told by replies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Lost {
    /// Replies were lost on their way.
    #[error("a part of the answer was lost on its way")]
    Gap,
    /// The worker vanished after bytes were sent.
    #[error("the worker vanished in the middle of the answer")]
    RunChanged,
    /// The caller reads too slowly.
    #[error("the answer was read too slowly")]
    TooSlow,
}

/// Listens to the replies to one job and, when it is durable, to its events.
pub(crate) struct Listener {
    bus: Bus,
    job: JobId,
    replies: Option<Waiting>,
    lock: RunLock,
    feed: Option<EventFeed>,
    check: Interval,
    look_due: bool,
    pending: Option<Heard>,
    durable: bool,
    /// The end of a call was seen; its answer may still be on its way.
    call_ended: bool,
}

impl Listener {
    /// Listens to the replies to a call. Its only event is looked for besides: a call whose answer was lost on its way
    /// would be waited for until its deadline.
    pub(crate) fn to_call(bus: Bus, job: JobId, replies: Waiting) -> Self {
        let check = interval_at(Instant::now() + CHECK_CALL_EVERY, CHECK_CALL_EVERY);
        Self::new(bus, job, Some(replies), None, check)
    }

    /// Listens to the events of a durable job and to replies, where this gateway is the one that they come to.
    /// The first thing heard may be its end, when it has ended already.
    pub(crate) async fn to_job(
        bus: Bus,
        job: JobId,
        replies: Option<Waiting>,
    ) -> Result<Self, BusError> {
        let feed = bus.follow(job).await?;
        // The first tick is at once: the status is read after the subscription, so that nothing falls between.
        let check = tokio::time::interval(CHECK_EVERY);
        Ok(Self::new(bus, job, replies, Some(feed), check))
    }

    fn new(
        bus: Bus,
        job: JobId,
        replies: Option<Waiting>,
        feed: Option<EventFeed>,
        mut check: Interval,
    ) -> Self {
        check.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let lock = RunLock::default();
        let durable = feed.is_some();
        let (look_due, pending, call_ended) = (false, None, false);
        Self { bus, job, replies, lock, feed, check, look_due, pending, durable, call_ended }
    }

    /// Looks at the status now: something may have been missed.
    pub(crate) fn look_soon(&mut self) {
        self.look_due = true;
    }

    /// Notes that the caller has bytes of the present run: from now on another run can not take over.
    pub(crate) fn bytes_sent(&mut self) {
        self.lock.bytes_sent();
    }

    /// The next thing heard. Waits for ever; cancel safe.
    pub(crate) async fn next(&mut self) -> Heard {
        loop {
            if let Some(heard) = self.pending.take() {
                return heard;
            }
            if self.look_due {
                let heard = self.look().await;
                // Only now: a look that is dropped half way is begun again.
                self.look_due = false;
                match heard {
                    Some(heard) => return heard,
                    None => continue,
                }
            }
            let heard = tokio::select! {
                // Replies were sent before the event that ends the job, so they are read before it.
                biased;
                reply = next_reply(self.replies.as_mut()) => self.judge(reply),
                follow = next_follow(self.feed.as_mut()) => self.follow(follow),
                _ = self.check.tick() => {
                    self.look_due = true;
                    None
                }
            };
            if let Some(heard) = heard {
                return heard;
            }
        }
    }

    fn judge(&mut self, reply: Option<Reply>) -> Option<Heard> {
        let Some(reply) = reply else {
            self.replies = None;
            return Some(Heard::Lost(Lost::TooSlow));
        };
        match self.lock.judge(reply.run_id, reply.sequence) {
            Verdict::Take => read(reply),
            Verdict::Restart => {
                self.pending = read(reply);
                Some(Heard::Void)
            }
            Verdict::Ignore => None,
            Verdict::Gap => {
                self.replies = None;
                Some(Heard::Lost(Lost::Gap))
            }
            Verdict::Changed => {
                self.replies = None;
                Some(Heard::Lost(Lost::RunChanged))
            }
        }
    }

    fn follow(&mut self, follow: Option<Follow>) -> Option<Heard> {
        match follow {
            Some(Follow::Event(event)) => from_event(event),
            Some(Follow::Progress(_)) => None,
            None => {
                // The subscription ended with its connection; the checks go on and make a new one.
                self.feed = None;
                None
            }
        }
    }

    async fn look(&mut self) -> Option<Heard> {
        if self.durable && self.feed.is_none() {
            self.feed = self.bus.follow(self.job).await.ok();
        }
        match self.bus.events().status(self.job, None).await {
            Ok(Some(stored)) if self.durable => from_event(Box::new(stored.event)),
            Ok(Some(stored)) => self.end_of_call(Box::new(stored.event)),
            Ok(None) => None,
            Err(error) => {
                tracing::debug!(job.id = %self.job, %error, "the status of a job that is waited for was not read");
                None
            }
        }
    }

    /// A call has ended. Its answer was sent before that: what has not come a while later was lost.
    fn end_of_call(&mut self, event: Box<JobEvent>) -> Option<Heard> {
        if self.call_ended {
            return Some(tell_without_answer(event));
        }
        self.call_ended = true;
        self.check.reset_after(LAST_REPLIES);
        None
    }
}

/// What is left to tell of a call whose answer did not come.
fn tell_without_answer(event: Box<JobEvent>) -> Heard {
    match event.state {
        JobState::Succeeded => Heard::Lost(Lost::Gap),
        _ => Heard::Ended(event),
    }
}

fn from_event(event: Box<JobEvent>) -> Option<Heard> {
    match event.state {
        JobState::Running => Some(Heard::Started),
        state if state.is_terminal() => Some(Heard::Ended(event)),
        _ => None,
    }
}

fn read(reply: Reply) -> Option<Heard> {
    match reply.kind {
        ReplyKind::Started => Some(Heard::Started),
        ReplyKind::Chunk => Some(Heard::Chunk(reply.body)),
        ReplyKind::Progress => None,
        ReplyKind::Result { content_type } => {
            Some(Heard::Answered { content_type, last: reply.body })
        }
        ReplyKind::Error => {
            Some(Heard::Failed(serde_json::from_slice(&reply.body).unwrap_or_else(|_| {
                JobError::permanent(ErrorCode::EngineFailed, "The worker failed without a reason.")
            })))
        }
    }
}

async fn next_reply(replies: Option<&mut Waiting>) -> Option<Reply> {
    match replies {
        Some(replies) => replies.next().await,
        None => std::future::pending().await,
    }
}

async fn next_follow(feed: Option<&mut EventFeed>) -> Option<Follow> {
    match feed {
        Some(feed) => feed.next().await,
        None => std::future::pending().await,
    }
}
