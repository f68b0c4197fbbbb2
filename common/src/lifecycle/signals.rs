//! The signals that stop the process.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

use super::Lifecycle;

impl Lifecycle {
    /// From now on the first SIGTERM or SIGINT begins the soft stop and the second one the hard stop.
    pub fn handle_signals(&self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        // Only the tokens: a listener that held the lifecycle would keep itself alive.
        let (soft, hard) = (self.soft(), self.hard());
        let listener = async move {
            loop {
                let name = tokio::select! {
                    _ = terminate.recv() => "SIGTERM",
                    _ = interrupt.recv() => "SIGINT",
                };
                if soft.is_cancelled() {
                    tracing::warn!(signal = name, "cancelling what still runs");
                    hard.cancel();
                } else {
                    tracing::info!(
                        signal = name,
                        "stopping; a second signal cancels what still runs"
                    );
                    soft.cancel();
                }
            }
        };
        self.accompany(listener);
        Ok(())
    }
}
