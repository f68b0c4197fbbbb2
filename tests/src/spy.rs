//! What goes over the bus, as anybody could hear it.

use async_nats::HeaderMap;
use bytes::Bytes;
use common::job::{JobEvent, JobId};
use futures::StreamExt;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::background::background;
use crate::wait::{PATIENCE, within};

/// One message.
#[derive(Clone, Debug)]
pub struct Overheard {
    /// Where it was published.
    pub subject: String,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its payload.
    pub payload: Bytes,
}

impl Overheard {
    /// The event in it, when it is one.
    pub fn event(&self) -> Option<JobEvent> {
        serde_json::from_slice(&self.payload).ok()
    }

    /// The settlement of a delivery, when it is one.
    pub fn settlement(&self) -> Option<Settlement> {
        let tokens: Vec<&str> = self.subject.strip_prefix("$JS.ACK.")?.split('.').collect();
        let payload = std::str::from_utf8(&self.payload).ok()?;
        Some(Settlement {
            stream: (*tokens.first()?).to_owned(),
            delivery: tokens.get(2)?.parse().ok()?,
            kind: payload.split_whitespace().next().unwrap_or("+ACK").to_owned(),
        })
    }
}

/// What a worker or keeper said about a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The stream of the message.
    pub stream: String,
    /// Which delivery of the message, counted from 1.
    pub delivery: u64,
    /// `+ACK`, `-NAK`, `+WPI` (still working) or `+TERM`.
    pub kind: String,
}

/// Listens until it is dropped. One connection hears everything, in the order in which the broker handled it.
pub struct Spy {
    heard: watch::Receiver<Vec<Overheard>>,
    task: AbortHandle,
}

impl Spy {
    /// Stored events of all jobs, as followers hear them.
    pub const EVENTS: &'static str = "feed.events.*";
    /// Events of all jobs as they are published, those that lose their swap included.
    pub const WRITES: &'static str = "events.*";
    /// Replies to waiting gateways.
    pub const REPLIES: &'static str = "reply.>";
    /// Settlements of deliveries.
    pub const SETTLEMENTS: &'static str = "$JS.ACK.>";
    /// Dead letters as they are published.
    pub const DEAD: &'static str = "dead.>";

    /// Listens to these subjects.
    pub async fn on(url: &str, subjects: &[&str]) -> Self {
        let url = url.to_owned();
        let subjects: Vec<String> = subjects.iter().map(ToString::to_string).collect();
        let (sender, heard) = watch::channel(Vec::new());
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let task = background().spawn(async move {
            let client = async_nats::connect(url).await.expect("the broker is there");
            // One subscription to everything: the order among several would be lost.
            let mut all = client.subscribe(">").await.expect("a legal subject");
            client.flush().await.expect("the broker is there");
            let _ = ready.send(());
            while let Some(message) = all.next().await {
                // What a consumer is given bears the subject that it was published on.
                let is_delivery =
                    message.reply.as_ref().is_some_and(|reply| reply.starts_with("$JS.ACK."));
                if is_delivery || !subjects.iter().any(|one| matches(one, &message.subject)) {
                    continue;
                }
                sender.send_modify(|heard| {
                    heard.push(Overheard {
                        subject: message.subject.to_string(),
                        headers: message.headers.unwrap_or_default(),
                        payload: message.payload,
                    });
                });
            }
        });
        is_ready.await.expect("the spy subscribes");
        Self { heard, task: task.abort_handle() }
    }

    /// Everything heard so far.
    pub fn all(&self) -> Vec<Overheard> {
        self.heard.borrow().clone()
    }

    /// The events heard so far, of all jobs.
    pub fn events(&self) -> Vec<JobEvent> {
        self.heard.borrow().iter().filter_map(Overheard::event).collect()
    }

    /// The events heard so far of one job.
    pub fn events_of(&self, job: JobId) -> Vec<JobEvent> {
        self.events().into_iter().filter(|event| event.job.id == job).collect()
    }

    /// Waits until what was heard so far is enough.
    #[track_caller]
    pub fn wait_for<'a>(
        &'a self,
        what: &'a str,
        mut enough: impl FnMut(&[Overheard]) -> bool + 'a,
    ) -> impl Future<Output = Vec<Overheard>> + 'a {
        let mut heard = self.heard.clone();
        within(PATIENCE, what, async move {
            let all = heard.wait_for(|heard| enough(heard)).await;
            all.expect("the spy listens until it is dropped").clone()
        })
    }
}

/// Whether a subject fits a pattern with `*` and `>`.
fn matches(pattern: &str, subject: &str) -> bool {
    let mut tokens = subject.split('.');
    for wanted in pattern.split('.') {
        match (wanted, tokens.next()) {
            (">", Some(_)) => return true,
            ("*", Some(_)) => {}
            (wanted, Some(token)) if wanted == token => {}
            _ => return false,
        }
    }
    tokens.next().is_none()
}

impl Drop for Spy {
    fn drop(&mut self) {
        self.task.abort();
    }
}
