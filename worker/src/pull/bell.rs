//! The doorbell: says in which queues work arrived.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use common::bus::{Bus, BusError, Queue};
use common::lifecycle::Lifecycle;
use tokio::sync::Notify;

/// How many queues are remembered: more rings at once are a hint to look everywhere.
const MOST: usize = 1_000;

/// What rang since it was listened to the last time.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) enum Rings {
    /// Nothing.
    #[default]
    None,
    /// These queues.
    Of(HashSet<Queue>),
    /// So many that they were not kept apart.
    Many,
}

/// The bell of a capability. A ring may be missed, for it is not stored, and redeliveries do not ring.
pub(crate) struct Bell(Arc<Rung>);

#[derive(Default)]
struct Rung {
    rings: Mutex<Rings>,
    notify: Notify,
}

impl Bell {
    /// Starts listening, on a task of its own: a busy worker does not pile the rings up.
    pub(crate) async fn listen(
        bus: &Bus,
        lifecycle: &Lifecycle,
        capability: &'static str,
    ) -> Result<Self, BusError> {
        let mut bell = bus.work_bell(capability).await?;
        let rung = Arc::new(Rung::default());
        let (soft, listener) = (lifecycle.soft(), Arc::clone(&rung));
        lifecycle.spawn("bell", async move {
            loop {
                tokio::select! {
                    () = soft.cancelled() => return Ok(()),
                    queue = bell.ring() => match queue {
                        Some(queue) => listener.ring(queue),
                        None => anyhow::bail!("the doorbell's subscription ended"),
                    },
                }
            }
        });
        Ok(Self(rung))
    }

    /// What rang since the last time; does not wait.
    pub(crate) fn rings(&self) -> Rings {
        std::mem::take(&mut *self.0.lock())
    }

    /// Waits for a ring that was not asked for yet, for at most `limit`.
    pub(crate) async fn wait(&self, limit: Duration) {
        if *self.0.lock() != Rings::None {
            return;
        }
        let _ = tokio::time::timeout(limit, self.0.notify.notified()).await;
    }
}

impl Rung {
    fn lock(&self) -> std::sync::MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self, queue: Queue) {
        self.lock().add(queue);
        self.notify.notify_one();
    }
}

impl Rings {
    fn add(&mut self, queue: Queue) {
        match self {
            Self::None => *self = Self::Of(HashSet::from([queue])),
            Self::Of(queues) if queues.len() >= MOST => *self = Self::Many,
            Self::Of(queues) => drop(queues.insert(queue)),
            Self::Many => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use common::job::Lane;

    use super::*;

    fn queue(model: &str) -> Queue {
        Queue { model: model.to_owned(), lane: Lane::Normal }
    }

    #[tokio::test(start_paused = true)]
    async fn a_ring_ends_the_wait_whenever_it_comes_and_counts_once() {
        let bell = Bell(Arc::default());
        let started = tokio::time::Instant::now();
        bell.0.ring(queue("before"));
        bell.0.ring(queue("before"));
        bell.wait(Duration::from_secs(5)).await;
        assert_eq!(bell.rings(), Rings::Of(HashSet::from([queue("before")])));
        let ring = async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            bell.0.ring(queue("meanwhile"));
        };
        // The first ring left its notice behind: it ends a wait early, which asks and finds nothing.
        bell.wait(Duration::from_secs(5)).await;
        tokio::join!(bell.wait(Duration::from_secs(5)), ring);
        assert_eq!(bell.rings(), Rings::Of(HashSet::from([queue("meanwhile")])));
        assert_eq!(bell.rings(), Rings::None);
        assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    }

    #[test]
    fn too_many_rings_are_not_kept_apart() {
        let mut rings = Rings::None;
        for number in 0..=MOST {
            rings.add(queue(&number.to_string()));
        }
        assert_eq!(rings, Rings::Many);
    }
}
