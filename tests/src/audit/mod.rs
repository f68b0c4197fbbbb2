//! What became of everything that was promised. The audit trusts no code of the product: it reads the streams, the
//! records and the receiver's log by itself.

mod callbacks;
mod life;
mod promises;
mod records;
mod streams;

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::ground::Ground;
use crate::receiver::Receiver;
use crate::spy::Spy;
use life::Life;
pub use promises::Promises;

/// How long everything may take to settle after the last kill: a vanished worker is believed to live for 15 seconds.
const PATIENCE: Duration = Duration::from_secs(90);
/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);

/// Collects promises while a test runs, and checks at the end that they were kept.
pub struct Audit {
    /// What callers were told.
    pub promises: Promises,
    spy: Spy,
}

/// What one look finds.
#[derive(Debug, Default)]
struct Findings {
    /// What may still come.
    pending: Vec<String>,
    /// What can not be mended any more.
    broken: Vec<String>,
}

/// How it ended.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// Jobs and recorded calls by their final state.
    pub states: BTreeMap<String, usize>,
    /// Runs that began, as far as they were overheard.
    pub runs: usize,
    /// Runs that ended because their worker vanished.
    pub vanished: u64,
    /// Webhooks that came, repeats included.
    pub callbacks: usize,
    /// How long it took from the question on.
    pub took: Duration,
}

impl Audit {
    /// Begins to listen.
    pub async fn begin(ground: &Ground) -> Self {
        Self { promises: Promises::default(), spy: ground.spy(&[Spy::EVENTS]).await }
    }

    /// Waits until nothing is pending, and panics when something is broken or stays pending. `secret` is what the
    /// tenant's webhooks are signed with.
    pub async fn settle(&self, ground: &Ground, receivers: &[&Receiver], secret: &str) -> Settled {
        let begun = Instant::now();
        loop {
            let mut findings = Findings::default();
            let settled = self.look(ground, receivers, secret, &mut findings).await;
            assert!(
                findings.broken.is_empty(),
                "{} promises are broken:\n{}",
                findings.broken.len(),
                findings.broken.join("\n")
            );
            if findings.pending.is_empty() {
                return Settled { took: begun.elapsed(), ..settled };
            }
            assert!(
                begun.elapsed() < PATIENCE,
                "{} things are still pending after {PATIENCE:?}:\n{}",
                findings.pending.len(),
                findings.pending.join("\n")
            );
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn look(
        &self,
        ground: &Ground,
        receivers: &[&Receiver],
        secret: &str,
        findings: &mut Findings,
    ) -> Settled {
        // The truth is read last, so that nothing that is compared with it is younger.
        let overheard = self.spy.all();
        let received: Vec<_> = receivers.iter().flat_map(|one| one.received()).collect();
        let recorded = records::read(ground).await;
        let stored = match streams::read(&ground.nats.url()).await {
            Ok(stored) => stored,
            Err(error) => {
                findings.pending.push(format!("the broker can not be read: {error:#}"));
                return Settled::default();
            }
        };
        let lives = Life::all(&stored.events, &overheard);
        for life in lives.values() {
            life.check(findings);
        }
        self.promises.check(&lives, findings);
        findings.pending.extend(stored.left);
        findings.pending.extend(stored.undelivered);
        records::check(recorded, &lives, findings);
        callbacks::check(&received, secret, &lives, findings);
        let mut settled = Settled {
            runs: lives.values().map(Life::runs).sum(),
            vanished: lives.values().map(Life::vanished).sum(),
            callbacks: received.len(),
            ..Settled::default()
        };
        for life in lives.values() {
            *settled.states.entry(life.state().to_owned()).or_default() += 1;
        }
        settled
    }
}
