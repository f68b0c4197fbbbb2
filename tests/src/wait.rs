//! Waiting for what must come.

use std::time::Duration;

use tokio::time::Instant;

/// How long a test waits for something that must happen. Much longer than it takes, for busy machines.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until a condition holds that nothing announces.
#[track_caller]
pub fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) -> impl Future<Output = ()> {
    let place = std::panic::Location::caller();
    async move {
        let until = Instant::now() + PATIENCE;
        while !holds().await {
            assert!(Instant::now() < until, "{place}: waited {PATIENCE:?} in vain until {what}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// What must come, within `limit`.
#[track_caller]
pub fn within<T>(
    limit: Duration,
    what: &str,
    future: impl Future<Output = T>,
) -> impl Future<Output = T> {
    let place = std::panic::Location::caller();
    async move {
        let waited = tokio::time::timeout(limit, future).await;
        waited.unwrap_or_else(|_| panic!("{place}: {what} did not come within {limit:?}"))
    }
}
