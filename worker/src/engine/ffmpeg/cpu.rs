//! Computing that blocks its thread: bounded, and given up when the run is cancelled.

use std::sync::Arc;

use common::error_code::ErrorCode;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::EngineError;

/// The threads for work on pixels.
#[derive(Clone, Debug)]
pub(super) struct Cpu(Arc<Semaphore>);

impl Cpu {
    /// At most `threads` pieces of work at once.
    pub(super) fn new(threads: usize) -> Self {
        Self(Arc::new(Semaphore::new(threads.max(1))))
    }

    /// Runs `work` to its end. A cancelled run does not wait for the end of its piece of work, which can not be
    /// interrupted and is bounded by the size of a picture; the piece keeps its place until then, so that a series
    /// of cancels does not pile up threads.
    pub(super) async fn run<T: Send + 'static>(
        &self,
        cancel: &CancellationToken,
        work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let turn = async {
            let place = Arc::clone(&self.0).acquire_owned().await;
            tokio::task::spawn_blocking(move || {
                let _place = place;
                work()
            })
            .await
        };
        let done = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(EngineError::Canceled),
            done = turn => done,
        };
        done.unwrap_or_else(|error| {
            tracing::error!(%error, "work on an image ended in a panic");
            let message = "the image could not be worked on: it is damaged in an unusual way";
            Err(EngineError::fail(ErrorCode::InvalidInput, message))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_cancelled_run_leaves_at_once_and_a_panic_stays_inside() {
        let cpu = Cpu::new(1);
        let cancel = CancellationToken::new();
        let (release, wait) = std::sync::mpsc::channel::<()>();
        let canceller = cancel.clone();
        let left = cpu
            .run(&cancel, move || {
                canceller.cancel();
                let _ = wait.recv();
                Ok(())
            })
            .await;
        assert!(matches!(left, Err(EngineError::Canceled)));
        release.send(()).unwrap();
        let panicked: Result<(), _> =
            cpu.run(&CancellationToken::new(), || panic!("on purpose")).await;
        assert!(matches!(panicked, Err(EngineError::Fail(_))));
    }
}
