//! The loop around every duty: work, rest, survive trouble, stop when told.

use std::time::Duration;

use common::retry::{Backoff, RetryPolicy};
use tokio_util::sync::CancellationToken;

use crate::metrics::KeeperMetrics;
use crate::trouble::Trouble;

/// Something a keeper does again and again, a bounded piece at a time.
pub(crate) trait Duty: Send + 'static {
    /// Its name in logs and metrics.
    fn name(&self) -> &'static str;

    /// Does the next piece. It is not cancelled by a soft stop, so it must end within a few seconds.
    fn tick(&mut self) -> impl Future<Output = Result<Next, Trouble>> + Send;
}

/// When the next piece is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// There may be more to do.
    AtOnce,
    /// Nothing to do before this time has passed.
    In(Duration),
}

/// The longest rest after trouble: short, because a whole fleet waits for what a keeper does.
const PATIENCE: RetryPolicy = RetryPolicy {
    initial: Duration::from_millis(200),
    max: Duration::from_secs(5),
    multiplier: 2.0,
    jitter: 0.2,
};

/// Performs a duty until `stop`. Trouble is logged when it begins and when it ends, and never ends the loop.
pub(crate) async fn perform(mut duty: impl Duty, metrics: KeeperMetrics, stop: CancellationToken) {
    let name = duty.name();
    let mut backoff = Backoff::new(PATIENCE);
    let mut troubled = false;
    while !stop.is_cancelled() {
        let rest = match duty.tick().await {
            Ok(next) => {
                if troubled {
                    tracing::info!(duty = name, "works again");
                    troubled = false;
                    metrics.troubled(name, false);
                    backoff.reset();
                }
                match next {
                    Next::AtOnce => continue,
                    Next::In(rest) => rest,
                }
            }
            Err(error) => {
                if troubled {
                    tracing::debug!(duty = name, %error, "still does not work");
                } else {
                    tracing::warn!(duty = name, %error, "does not work; tries until it does");
                    troubled = true;
                    metrics.troubled(name, true);
                }
                backoff.next()
            }
        };
        tokio::select! {
            () = stop.cancelled() => {}
            () = tokio::time::sleep(rest) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use common::bus::BusError;
    use common::telemetry::Metrics;

    use super::*;

    /// Fails three times, then works twice, then stops itself.
    struct Stubborn(Arc<AtomicU32>, CancellationToken);

    impl Duty for Stubborn {
        fn name(&self) -> &'static str {
            "stubborn"
        }

        async fn tick(&mut self) -> Result<Next, Trouble> {
            match self.0.fetch_add(1, Ordering::SeqCst) {
                0..=2 => Err(BusError::Unavailable("away".to_owned()).into()),
                3 => Ok(Next::AtOnce),
                _ => {
                    self.1.cancel();
                    Ok(Next::In(Duration::from_hours(1)))
                }
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn trouble_never_ends_a_duty_and_a_stop_interrupts_its_rest() {
        let ticks = Arc::new(AtomicU32::new(0));
        let stop = CancellationToken::new();
        let metrics = KeeperMetrics::register(&Metrics::new());
        let started = tokio::time::Instant::now();
        perform(Stubborn(Arc::clone(&ticks), stop.clone()), metrics, stop).await;
        assert_eq!(ticks.load(Ordering::SeqCst), 5);
        assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    }
}
