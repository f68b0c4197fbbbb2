//! How long a request waits: for the answer, and for somebody who could give it.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::catalog::Offers;

/// How long a run that began is given when no worker of its model lives any more: its worker may only have lost sight
/// of the broker.
const STARTED_PATIENCE: Duration = Duration::from_secs(30);

/// Notices when nobody offers a model for too long.
pub(super) struct WorkerWatch {
    offers: watch::Receiver<Offers>,
    capability: String,
    model: String,
    patience: Duration,
    started: bool,
    absent_since: Option<Instant>,
}

impl WorkerWatch {
    /// Watches a model; without anybody who offers it for `patience`, [`Self::gave_up`] returns.
    pub(super) fn new(
        mut offers: watch::Receiver<Offers>,
        capability: &str,
        model: &str,
        patience: Duration,
    ) -> Self {
        let offered = offers.borrow_and_update().is_offered(capability, model);
        Self {
            offers,
            capability: capability.to_owned(),
            model: model.to_owned(),
            patience,
            started: false,
            absent_since: (!offered).then(Instant::now),
        }
    }

    /// Notes that a run began. Its worker may take no more jobs and finish this one.
    pub(super) fn started(&mut self) {
        if !self.started {
            self.started = true;
            self.patience = self.patience.max(STARTED_PATIENCE);
            self.look();
        }
    }

    fn look(&mut self) {
        let offers = self.offers.borrow_and_update();
        let present = if self.started {
            offers.is_alive(&self.capability, &self.model)
        } else {
            offers.is_offered(&self.capability, &self.model)
        };
        if present {
            self.absent_since = None;
        } else {
            self.absent_since.get_or_insert_with(Instant::now);
        }
    }

    /// Returns when nobody has offered the model for too long. Cancel safe.
    pub(super) async fn gave_up(&mut self) {
        loop {
            let end = self.absent_since.map(|since| since + self.patience);
            tokio::select! {
                changed = self.offers.changed() => {
                    if changed.is_err() {
                        return std::future::pending().await;
                    }
                    self.look();
                }
                () = sleep_until(end) => return,
            }
        }
    }
}

/// Sleeps until a time that may never come.
pub(super) async fn sleep_until(end: Option<Instant>) {
    match end {
        Some(end) => tokio::time::sleep_until(end).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn offers(model: Option<&str>) -> Offers {
        Offers::of(model.map(|model| ("llm", model)))
    }

    #[tokio::test(start_paused = true)]
    async fn an_absent_model_is_given_up_after_the_patience() {
        let (_sender, receiver) = watch::channel(offers(None));
        let mut watch = WorkerWatch::new(receiver, "llm", "m", Duration::from_secs(2));
        let start = Instant::now();
        watch.gave_up().await;
        assert_eq!(start.elapsed(), Duration::from_secs(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_model_that_appears_is_waited_for() {
        let (sender, receiver) = watch::channel(offers(None));
        let mut watch = WorkerWatch::new(receiver, "llm", "m", Duration::from_secs(2));
        sender.send_replace(offers(Some("m")));
        let wait = tokio::time::timeout(Duration::from_mins(1), watch.gave_up());
        assert!(wait.await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_run_that_began_is_given_longer() {
        let (sender, receiver) = watch::channel(offers(Some("m")));
        let mut watch = WorkerWatch::new(receiver, "llm", "m", Duration::from_secs(2));
        watch.started();
        sender.send_replace(offers(None));
        let start = Instant::now();
        watch.gave_up().await;
        assert_eq!(start.elapsed(), STARTED_PATIENCE);
    }
}
