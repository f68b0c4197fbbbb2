//! Following a job: its events as they are stored, and its progress.

use futures::StreamExt;
use futures::stream::SelectAll;

use super::{Bus, BusError, bounded, events, subjects};
use crate::job::{JobEvent, JobId};

/// What a follower hears.
#[derive(Clone, Debug)]
pub enum Follow {
    /// An event, after it was stored.
    Event(Box<JobEvent>),
    /// Share done, 0 to 1; not stored.
    Progress(f64),
}

/// The feed of one job. Subscribe first, then read the status: then nothing is missed in between.
pub struct EventFeed(SelectAll<async_nats::Subscriber>);

impl Bus {
    /// Subscribes to a job.
    ///
    /// The feed is what the broker repeats after storing: a subscription to the events themselves would also hear
    /// those that lost their swap.
    pub async fn follow(&self, job: JobId) -> Result<EventFeed, BusError> {
        let events = bounded(self.client.subscribe(subjects::event_feed(job))).await?;
        let progress = bounded(self.client.subscribe(subjects::progress_feed(job))).await?;
        // The read that follows must not overtake the subscriptions.
        bounded(self.client.flush()).await?;
        Ok(EventFeed([events, progress].into_iter().collect()))
    }

    /// Tells followers how far a run is.
    pub async fn publish_progress(&self, job: JobId, fraction: f64) -> Result<(), BusError> {
        let text = format!("{:.4}", fraction.clamp(0.0, 1.0));
        bounded(self.client.publish(subjects::progress_feed(job), text.into())).await
    }
}

impl EventFeed {
    /// What comes next; `None` when the subscription ended.
    pub async fn next(&mut self) -> Option<Follow> {
        loop {
            let message = self.0.next().await?;
            if message.subject.starts_with("feed.progress.") {
                let text = std::str::from_utf8(&message.payload).ok();
                if let Some(fraction) = text.and_then(|text| text.parse().ok()) {
                    return Some(Follow::Progress(fraction));
                }
            } else if let Ok(stored) = events::decode(&message.subject, 0, &message.payload) {
                return Some(Follow::Event(Box::new(stored.event)));
            }
        }
    }
}
