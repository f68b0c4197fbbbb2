//! How long the queues are and how full the streams: polled once a second, answered from memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use common::bus::{Bus, QueueFigures, StreamFill, subjects};
use common::clock::{SharedClock, Timestamp};
use common::job::{JobEvent, JobState, Lane};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use super::samples::Samples;
use super::unseen::Unseen;

/// How often the broker is asked.
const EVERY: Duration = Duration::from_secs(1);
/// Above this share of JOB_EVENTS nothing new is admitted, so that the events of what was accepted still fit. Without
/// room for one event more the broker takes none, not even the end of a job in the place of its beginning.
const EVENTS_FULL: f64 = 0.9;
/// Figures older than this decide nothing.
const STALE_AFTER: Duration = Duration::from_secs(10);

/// What is known of the queues. Cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Queues {
    view: Arc<RwLock<View>>,
    unseen: Arc<Unseen>,
}

#[derive(Default)]
struct View {
    at: Option<Timestamp>,
    fills: Vec<StreamFill>,
    samples: HashMap<(String, String, Lane), Samples>,
}

/// Where a queued job stands. Both are estimates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Estimate {
    /// How many jobs of its queue come before it.
    pub(crate) position: u64,
    /// Seconds until it starts, at the rate at which waiting jobs were started in the last two minutes; `None` when
    /// there were none.
    pub(crate) wait_s: Option<f64>,
}

impl Queues {
    /// Asks the broker every second until `stop`.
    pub(crate) async fn keep(self, bus: Bus, clock: SharedClock, stop: CancellationToken) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            self.unseen.turn();
            match tokio::try_join!(bus.queue_figures(), bus.stream_fill()) {
                Ok((figures, fills)) => self.note(&figures, fills, clock.now()),
                Err(error) => tracing::debug!(%error, "the queues were not measured"),
            }
        }
    }

    /// Where a job stands in its queue; `None` unless it waits there and the queue was measured since it came.
    pub(crate) fn estimate(&self, event: &JobEvent, now: Timestamp) -> Option<Estimate> {
        let waits = matches!(event.state, JobState::Queued | JobState::Scheduled);
        if !waits || event.run_at > now {
            return None;
        }
        let job = &event.job;
        let view = self.view();
        let samples = view.samples.get(&(job.capability.clone(), job.model.clone(), job.lane))?;
        let position = samples.position(event.run_at.max(event.time))?;
        let wait_s =
            samples.rate().map(|rate| ((position + 1) as f64 / rate * 10.0).round() / 10.0);
        Some(Estimate { position, wait_s })
    }

    /// Whether the events of new jobs must not be admitted any more: by the figures, and by what was admitted here
    /// since then.
    pub(crate) fn events_are_full(&self, now: Timestamp) -> bool {
        let unseen = self.unseen.bytes();
        self.fill(subjects::JOB_EVENTS, now).is_some_and(|mut fill| {
            fill.bytes = fill.bytes.saturating_add(unseen);
            fill.fraction() >= EVENTS_FULL
        })
    }

    /// Notes that a job is admitted whose event will have about so many bytes.
    pub(crate) fn admitted(&self, bytes: u64) {
        self.unseen.add(bytes);
    }

    /// Whether the queue of a capability takes no more messages.
    pub(crate) fn jobs_are_full(&self, capability: &str, now: Timestamp) -> bool {
        self.fill(&subjects::jobs_stream(capability), now)
            .is_some_and(|fill| fill.fraction() >= 1.0)
    }

    fn view(&self) -> RwLockReadGuard<'_, View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn fill(&self, stream: &str, now: Timestamp) -> Option<StreamFill> {
        let view = self.view();
        // Without fresh figures the broker itself decides at the publish.
        if now.since(view.at?) > STALE_AFTER {
            return None;
        }
        view.fills.iter().find(|fill| fill.name == stream).cloned()
    }

    fn note(&self, figures: &[QueueFigures], fills: Vec<StreamFill>, now: Timestamp) {
        let mut view = self.view.write().unwrap_or_else(PoisonError::into_inner);
        let mut samples = std::mem::take(&mut view.samples);
        // Queues that are gone are forgotten with their samples.
        view.samples = figures
            .iter()
            .map(|figures| {
                let name = (figures.capability.clone(), figures.model.clone(), figures.lane);
                let mut kept = samples.remove(&name).unwrap_or_default();
                kept.note(figures, now);
                (name, kept)
            })
            .collect();
        view.fills = fills;
        view.at = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fill(name: &str, messages: u64) -> StreamFill {
        StreamFill {
            name: name.to_owned(),
            messages,
            bytes: 0,
            max_messages: Some(100),
            max_bytes: None,
        }
    }

    #[test]
    fn admission_stops_well_before_the_events_are_full() {
        let queues = Queues::default();
        let now = Timestamp::from_micros(1_000_000);
        assert!(!queues.events_are_full(now));
        queues.note(&[], vec![fill(subjects::JOB_EVENTS, 89)], now);
        assert!(!queues.events_are_full(now));
        queues.note(&[], vec![fill(subjects::JOB_EVENTS, 90)], now);
        assert!(queues.events_are_full(now));
        assert!(!queues.events_are_full(now.plus(STALE_AFTER * 2)));
    }

    #[test]
    fn what_was_admitted_since_the_figures_counts_too() {
        let queues = Queues::default();
        let now = Timestamp::from_micros(1_000_000);
        let mut fill = fill(subjects::JOB_EVENTS, 0);
        fill.max_bytes = Some(1_000);
        queues.note(&[], vec![fill], now);
        queues.admitted(899);
        assert!(!queues.events_are_full(now));
        queues.admitted(1);
        assert!(queues.events_are_full(now));
    }

    #[test]
    fn a_full_queue_is_noticed_by_its_capability() {
        let queues = Queues::default();
        let now = Timestamp::from_micros(1_000_000);
        queues.note(&[], vec![fill("JOBS_llm", 100), fill("JOBS_ffmpeg", 3)], now);
        assert!(queues.jobs_are_full("llm", now));
        assert!(!queues.jobs_are_full("ffmpeg", now));
    }
}
