//! Callers of every style, at a steady rate and by both gateways, whatever becomes of their requests.

mod calls;
mod draft;
mod follow;
mod submits;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::caller::Caller;
use super::ledger::{Ledger, Style};
use draft::{Draft, Draw};

/// The pause between two requests of one style.
const PACE: Duration = Duration::from_millis(500);
/// Most requests of one style at a time.
const AT_ONCE: usize = 24;

/// What all callers share. Cheap to clone.
#[derive(Clone)]
pub(super) struct Load {
    /// What is asked for follows from it.
    pub(super) seed: u64,
    /// Callers of each gateway.
    pub(super) gateways: Vec<Caller>,
    /// Where webhooks are posted, without the path.
    pub(super) receiver: String,
    /// What they were told.
    pub(super) ledger: Ledger,
}

impl Load {
    /// Asks in every style until `until`, then waits for the last answers.
    pub(super) async fn run(self, until: Instant) {
        let mut styles = JoinSet::new();
        for (place, style) in Style::ALL.into_iter().enumerate() {
            let load = self.clone();
            styles.spawn(async move {
                // Styles take turns.
                tokio::time::sleep(PACE / Style::ALL.len() as u32 * place as u32).await;
                load.ask_steadily(style, until).await;
            });
        }
        styles.join_all().await;
    }

    async fn ask_steadily(&self, style: Style, until: Instant) {
        let room = Arc::new(Semaphore::new(AT_ONCE));
        let mut asking = JoinSet::new();
        let mut tick = tokio::time::interval(PACE);
        for gateway in 0..self.gateways.len() {
            self.ledger.begin(style, gateway);
        }
        for number in 0_usize.. {
            tick.tick().await;
            if Instant::now() >= until {
                break;
            }
            while asking.try_join_next().is_some() {}
            // Who has so many unanswered requests asks no more until one is answered.
            let Ok(place) = Arc::clone(&room).try_acquire_owned() else {
                self.ledger.skipped();
                continue;
            };
            let load = self.clone();
            asking.spawn(async move {
                load.ask(style, number).await;
                drop(place);
            });
        }
        asking.join_all().await;
    }

    /// Asks once, beginning with the gateway that it is this number's turn of, and tells whether that was answered
    /// well. No number may be used twice for one style.
    pub(super) async fn ask(&self, style: Style, number: usize) -> bool {
        let draw = Draw::of(self.seed, style, number);
        match style {
            Style::Sync | Style::Streamed => self.chat(style, number).await,
            Style::Idempotent => self.repeat(number, draw).await,
            Style::Batch => self.batch(number, draw).await,
            Style::Waited => self.wait(number, draw).await,
            _ => self.submit(style, number, draw).await,
        }
    }

    /// The gateway of a turn, and its place.
    fn turn(&self, number: usize) -> (&Caller, usize) {
        let gateway = number % self.gateways.len();
        (&self.gateways[gateway], gateway)
    }

    fn draft(&self, style: Style, number: usize, draw: &mut Draw) -> Draft {
        Draft::new(style, number, &self.receiver, draw)
    }
}
