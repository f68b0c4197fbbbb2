//! One request that waits: what it hears, until it may wait no longer.

use std::sync::Arc;
use std::time::Duration;

use common::bus::{Bus, BusError, Connection};
use common::job::JobEnvelope;
use tokio::sync::watch;
use tokio::time::Instant;

use super::patience::WorkerWatch;
use super::{Heard, Listener, Waiting};
use crate::state::AppState;
use crate::submit::publish_call;

/// How long a call is tried to be published again after the connection was lost, how long one try may take, and the
/// pause between tries.
const REPUBLISH_PATIENCE: Duration = Duration::from_secs(10);
const TRY: Duration = Duration::from_secs(2);
const PAUSE: Duration = Duration::from_millis(100);

/// Why a request stopped waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WaitError {
    /// It waited as long as it may.
    #[error("the caller waited as long as it may")]
    TimedOut,
    /// Nobody offers the model.
    #[error("no worker offers the model")]
    NoWorker,
}

/// A request's wait for its job.
pub(crate) struct Session {
    bus: Bus,
    job: Arc<JobEnvelope>,
    listener: Listener,
    started: bool,
    workers: Option<WorkerWatch>,
    connection: Option<Reconnects>,
    until: Instant,
}

/// Notices that the connection to the broker was made anew.
struct Reconnects {
    connection: watch::Receiver<Connection>,
    seen: u64,
}

impl Session {
    /// Waits for the answer to a call, until its deadline.
    pub(crate) fn for_call(
        state: &AppState,
        job: Arc<JobEnvelope>,
        replies: Waiting,
        limit: Duration,
    ) -> Self {
        let connection = state.bus.connection();
        let seen = connection.borrow().reconnects;
        Self {
            bus: state.bus.clone(),
            listener: Listener::to_call(state.bus.clone(), job.id, replies),
            started: false,
            workers: Some(worker_watch(state, &job)),
            connection: Some(Reconnects { connection, seen }),
            until: Instant::now() + limit,
            job,
        }
    }

    /// Waits for the end of a durable job. With `needs_worker` the wait ends early when nobody offers the model.
    pub(crate) async fn for_job(
        state: &AppState,
        job: Arc<JobEnvelope>,
        replies: Option<Waiting>,
        limit: Duration,
        needs_worker: bool,
    ) -> Result<Self, BusError> {
        let until = Instant::now() + limit;
        Ok(Self {
            bus: state.bus.clone(),
            listener: Listener::to_job(state.bus.clone(), job.id, replies).await?,
            started: false,
            workers: needs_worker.then(|| worker_watch(state, &job)),
            connection: None,
            until,
            job,
        })
    }

    /// The job that is waited for.
    pub(crate) fn job(&self) -> &Arc<JobEnvelope> {
        &self.job
    }

    /// Lets the wait go on for `limit` from now.
    pub(crate) fn extend(&mut self, limit: Duration) {
        self.until = Instant::now() + limit;
    }

    /// Notes that the caller has bytes of the present run.
    pub(crate) fn bytes_sent(&mut self) {
        self.listener.bytes_sent();
    }

    /// What is heard next. Cancel safe.
    pub(crate) async fn next(&mut self) -> Result<Heard, WaitError> {
        loop {
            tokio::select! {
                biased;
                heard = self.listener.next() => {
                    if matches!(heard, Heard::Started | Heard::Chunk(_)) {
                        self.started = true;
                        if let Some(workers) = &mut self.workers {
                            workers.started();
                        }
                    }
                    return Ok(heard);
                }
                () = tokio::time::sleep_until(self.until) => return Err(WaitError::TimedOut),
                () = gave_up(self.workers.as_mut()) => return Err(WaitError::NoWorker),
                () = reconnected(self.connection.as_mut()) => self.catch_up().await,
            }
        }
    }

    /// The connection was away: replies may have been lost, or the call itself.
    async fn catch_up(&mut self) {
        self.listener.look_soon();
        if !self.started && !self.has_ended().await {
            self.republish().await;
        }
    }

    async fn has_ended(&self) -> bool {
        matches!(self.bus.events().last(self.job.id).await, Ok(Some(_)))
    }

    /// Calls lie in memory: a restart of the broker drops those that no worker had taken, and their consumers with
    /// them. A copy that lies there still is not doubled.
    async fn republish(&self) {
        let end = self.until.min(Instant::now() + REPUBLISH_PATIENCE);
        while Instant::now() < end {
            let left = self.until.saturating_duration_since(Instant::now());
            if publish_call(&self.bus, &self.job, left, TRY).await.is_ok() {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
        tracing::warn!(job.id = %self.job.id, "a call was not published again after a reconnect");
    }
}

fn worker_watch(state: &AppState, job: &JobEnvelope) -> WorkerWatch {
    let patience = state.config.gateway.no_worker_wait;
    WorkerWatch::new(state.catalog.offers(), &job.capability, &job.model, patience)
}

async fn gave_up(workers: Option<&mut WorkerWatch>) {
    match workers {
        Some(workers) => workers.gave_up().await,
        None => std::future::pending().await,
    }
}

/// Returns when the connection was made anew since the last time. Cancel safe.
async fn reconnected(reconnects: Option<&mut Reconnects>) {
    let Some(Reconnects { connection, seen }) = reconnects else {
        return std::future::pending().await;
    };
    let again = connection.wait_for(|now| now.reconnects > *seen && now.connected).await;
    // The guard of the value must not be held any longer.
    match again.map(|now| now.reconnects) {
        Ok(reconnects) => *seen = reconnects,
        Err(_) => std::future::pending().await,
    }
}
