//! Load. [`open()`] starts operations at times laid down before, and counts each one's time from there: a stall of the
//! system makes all that should have started meanwhile slow, as users would see it (no coordinated omission).
//! [`closed()`] asks again as soon as it is answered, for the most that goes through; its latencies say less.

mod closed;
mod latency;
mod open;
mod plan;

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::Instant;

pub(crate) use self::closed::closed;
pub(crate) use self::latency::Latencies;
pub(crate) use self::open::open;
pub(crate) use self::plan::Plan;

/// Waits for every connection, and adds up what they found since `start`.
async fn gather<O: Operation>(tasks: JoinSet<(O, Measured)>, start: Instant) -> (Vec<O>, Measured) {
    let mut back = Vec::with_capacity(tasks.len());
    let mut all = Measured::new();
    for (operation, measured) in tasks.join_all().await {
        back.push(operation);
        all.join(measured);
    }
    all.elapsed = start.elapsed();
    (back, all)
}

/// What one connection does again and again.
pub(crate) trait Operation: Send + 'static {
    /// Does it once, and says how many things were done: 1, or the size of a batch.
    fn run(&mut self, intended: Instant) -> impl Future<Output = anyhow::Result<u64>> + Send;
}

/// Does it once on each connection, one after the other: all of them are made before anything is measured.
pub(crate) async fn once_each<O: Operation>(operations: &mut [O]) -> anyhow::Result<()> {
    for operation in operations {
        operation.run(Instant::now()).await?;
    }
    Ok(())
}

/// What a load found.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Things done.
    pub(crate) done: u64,
    /// Operations that failed.
    pub(crate) failed: u64,
    /// Why the first one did.
    pub(crate) first_failure: Option<String>,
    /// How long it took.
    pub(crate) elapsed: Duration,
    /// The time of each operation.
    pub(crate) latencies: Latencies,
}

impl Measured {
    fn new() -> Self {
        Self {
            done: 0,
            failed: 0,
            first_failure: None,
            elapsed: Duration::ZERO,
            latencies: Latencies::new(),
        }
    }

    fn note(&mut self, outcome: anyhow::Result<u64>, took: Duration) {
        match outcome {
            Ok(count) => {
                self.done += count;
                self.latencies.record(took);
            }
            Err(error) => {
                self.failed += 1;
                self.first_failure.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    }

    fn join(&mut self, other: Self) {
        self.done += other.done;
        self.failed += other.failed;
        self.first_failure = self.first_failure.take().or(other.first_failure);
        self.latencies.join(&other.latencies);
    }

    /// Things done in a second.
    pub(crate) fn per_second(&self) -> f64 {
        self.done as f64 / self.elapsed.as_secs_f64().max(1e-9)
    }

    /// Itself when nothing failed: a figure of a load that partly failed says nothing.
    pub(crate) fn faultless(self, what: &str) -> anyhow::Result<Self> {
        if self.failed == 0 && self.done > 0 {
            return Ok(self);
        }
        let why = self.first_failure.unwrap_or_else(|| "nothing was answered".to_owned());
        anyhow::bail!(
            "{what}: {} operations failed, {} went well; the first: {why}",
            self.failed,
            self.done
        )
    }
}
