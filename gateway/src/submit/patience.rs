//! How long one request may keep its caller waiting for the broker, all steps together.

use std::time::Duration;

use tokio::time::Instant;

use super::Error;

/// A caller hears that the broker is away within two seconds.
const TOTAL: Duration = Duration::from_millis(1800);
/// The last step is given at least this much.
const LEAST: Duration = Duration::from_millis(200);

/// What is left of a request's patience with the broker. Time spent on other things does not count.
#[derive(Debug)]
pub(super) struct Patience(Duration);

impl Patience {
    /// The whole patience.
    pub(super) fn new() -> Self {
        Self(TOTAL)
    }

    /// What is left, for a call that bounds itself.
    pub(super) fn left(&self) -> Duration {
        self.0.max(LEAST)
    }

    /// Runs a step within what is left.
    pub(super) async fn bound<T, E: Into<Error>>(
        &mut self,
        step: impl Future<Output = Result<T, E>>,
    ) -> Result<T, Error> {
        let started = Instant::now();
        let outcome = tokio::time::timeout(self.left(), step).await;
        self.0 = self.0.saturating_sub(started.elapsed());
        match outcome {
            Ok(outcome) => outcome.map_err(Into::into),
            Err(_) => Err(Error::Unavailable { job: None, cause: "no answer in time".to_owned() }),
        }
    }

    /// Runs a step that bounds itself by what is left.
    pub(super) async fn spend<T, F: Future<Output = T>>(
        &mut self,
        step: impl FnOnce(Duration) -> F,
    ) -> T {
        let started = Instant::now();
        let outcome = step(self.left()).await;
        self.0 = self.0.saturating_sub(started.elapsed());
        outcome
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Looking for a consumer must not cost an accepted job its answer: it bounds itself, and what follows still has
    /// its least.
    #[tokio::test(start_paused = true)]
    async fn a_step_that_bounds_itself_is_not_cut_off_and_leaves_the_next_its_least() {
        let mut patience = Patience(Duration::from_millis(100));
        let step = patience.spend(|_| async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            "ended"
        });
        assert_eq!(step.await, "ended");
        let next = patience.bound(async {
            tokio::time::sleep(LEAST / 2).await;
            Ok::<_, Error>("ended, too")
        });
        assert!(matches!(next.await, Ok("ended, too")));
    }
}
