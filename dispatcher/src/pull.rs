//! The pull loop: takes as many deliveries as there is room for, and each goes its way in a task of its own.

use std::sync::Arc;
use std::time::Duration;

use common::bus::{Bus, BusError, FixedConsumer, PullConsumer, Pulled};
use common::retry::{Backoff, RetryPolicy};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;

use crate::work::Work;

/// Deliveries that were pulled and have not found their place yet, and so the most that one pull asks for.
const INTAKE: usize = 64;
/// How long a pull waits for a delivery. Short, because a stop lets the pull end: a message that is on its way to a
/// pull that was given up would be out of reach until its ack wait is over.
const PULL_WAIT: Duration = Duration::from_secs(1);

/// Pulls until the soft stop, then waits for what is under way.
pub(crate) async fn run(work: Arc<Work>) {
    let mut puller = Puller {
        bus: work.bus.clone(),
        consumer: None,
        backoff: Backoff::new(RetryPolicy::default()),
    };
    let intake = Arc::new(Semaphore::new(INTAKE));
    let mut tasks = JoinSet::new();
    while !work.soft.is_cancelled() {
        reap(&mut tasks);
        let mut places = tokio::select! {
            () = work.soft.cancelled() => break,
            places = take_places(&intake, &work) => places,
        };
        let pulled = match puller.pull(places.num_permits()).await {
            Ok(pulled) => pulled,
            Err(error) => {
                let pause = puller.fail(&error);
                tokio::select! {
                    () = work.soft.cancelled() => break,
                    () = tokio::time::sleep(pause) => continue,
                }
            }
        };
        for message in pulled {
            let Some(place) = places.split(1) else {
                // More than was asked for; the broker gives it to somebody with room.
                let _ = message.nak(None).await;
                continue;
            };
            let work = Arc::clone(&work);
            tasks.spawn(async move { Box::pin(work.handle(message, place)).await });
        }
    }
    drain(tasks).await;
}

/// Waits for room and reserves intake places: one at least, at most as many as tries may begin.
async fn take_places(intake: &Arc<Semaphore>, work: &Work) -> OwnedSemaphorePermit {
    while work.lanes.free() == 0 {
        work.lanes.wait_for_room().await;
    }
    let mut places = Arc::clone(intake)
        .acquire_owned()
        .await
        .expect("the semaphore is owned by the loop and never closed");
    let more = intake.available_permits().min(work.lanes.free().saturating_sub(1));
    if let Ok(others) = Arc::clone(intake).try_acquire_many_owned(more as u32) {
        places.merge(others);
    }
    places
}

/// Notices tasks that ended. A message whose task panicked comes again when its ack wait is over.
fn reap(tasks: &mut JoinSet<()>) {
    while let Some(ended) = tasks.try_join_next() {
        if let Err(error) = ended {
            tracing::error!(%error, "a delivery's task failed");
        }
    }
}

async fn drain(mut tasks: JoinSet<()>) {
    if !tasks.is_empty() {
        tracing::info!(deliveries = tasks.len(), "finishing what is under way");
    }
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "a delivery's task failed");
        }
    }
}

/// Pulls from the consumer, which is looked up again after every failure.
struct Puller {
    bus: Bus,
    consumer: Option<PullConsumer>,
    backoff: Backoff,
}

impl Puller {
    async fn pull(&mut self, max: usize) -> Result<Vec<Pulled>, BusError> {
        let consumer = match self.consumer.take() {
            Some(consumer) => consumer,
            None => self.bus.consumer(FixedConsumer::Deliver).await?,
        };
        let pulled = consumer.fetch(max, PULL_WAIT).await?;
        self.consumer = Some(consumer);
        self.backoff.reset();
        Ok(pulled)
    }

    fn fail(&mut self, error: &BusError) -> Duration {
        tracing::warn!(%error, "deliveries can not be pulled; trying again");
        self.backoff.next()
    }
}
