//! What is asked for: it follows from the seed, the style and the number.

use std::ops::Range;
use std::time::Duration;

use common::clock::{Clock as _, SystemClock};
use rand::rngs::ChaCha12Rng;
use rand::{RngExt as _, SeedableRng as _};
use serde_json::{Value, json};

use super::calls::chat;
use crate::chaos::intent::{Expected, Intent};
use crate::chaos::ledger::Style;
use crate::chaos::upstream::{MODEL, answer_to};

/// A result of this size goes through the object store.
const LARGE: usize = 40_000;
/// Parameters of this size go through the object store.
const HUGE: usize = 270_000;

/// Chance, of one request.
pub(super) struct Draw(ChaCha12Rng);

impl Draw {
    pub(super) fn of(seed: u64, style: Style, number: usize) -> Self {
        let request = (style as u64) << 32 | number as u64;
        Self(ChaCha12Rng::seed_from_u64(seed.rotate_left(48) ^ request))
    }

    /// A number of this range.
    pub(super) fn of_range(&mut self, range: Range<u64>) -> u64 {
        self.0.random_range(range)
    }

    /// As long as one of these numbers of milliseconds.
    pub(super) fn pause(&mut self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.of_range(range))
    }
}

/// A job to be submitted.
pub(super) struct Draft {
    /// Names it in its metadata, so that it is found whatever its callers were told.
    pub(super) marker: String,
    /// The job as callers write it.
    pub(super) job: Value,
    /// What is written down of it.
    pub(super) intent: Intent,
}

impl Draft {
    /// A job of a style. Some have a webhook, below the receiver's address.
    pub(super) fn new(style: Style, number: usize, receiver: &str, draw: &mut Draw) -> Self {
        Self::marked(style, format!("{} {number}", style.as_str()), receiver, draw)
    }

    /// The same, with a marker of its own.
    pub(super) fn marked(style: Style, marker: String, receiver: &str, draw: &mut Draw) -> Self {
        let (mut job, expected) = job(style, &marker, draw);
        job["metadata"] = json!({"marker": marker});
        let mut intent = Intent::new(style, expected);
        if let Some(most) = job["max_attempts"].as_u64() {
            intent.max_attempts = most;
        }
        if job["lane"] == "bulk" {
            intent.lane = "bulk";
        }
        let tells = style == Style::Callback || draw.of_range(0..4) == 0;
        if tells {
            let path = format!("/{}", marker.replace(' ', "-"));
            job["webhook"] = json!(format!("{receiver}{path}"));
            intent.webhook = Some(path);
        }
        Self { marker, job, intent }
    }
}

/// A job of a style and what it must result in.
fn job(style: Style, marker: &str, draw: &mut Draw) -> (Value, Expected) {
    let now = SystemClock.now();
    match style {
        Style::QueuedChat => {
            let job = json!({"operation": "chat", "model": MODEL, "input": chat(marker, false)});
            (job, Expected::Chat(answer_to(marker)))
        }
        Style::Delayed => {
            let (mut job, expected) = echo(json!({"marker": marker}));
            job["run_at"] = json!(now.plus(draw.pause(200..3_200)));
            (job, expected)
        }
        Style::Canceled => {
            let (mut job, expected) = sleep(draw.of_range(1_000..1_900));
            if draw.of_range(0..3) == 0 {
                job["run_at"] = json!(now.plus(draw.pause(500..1_500)));
            }
            (job, expected)
        }
        Style::Failing => {
            let most = draw.of_range(1..3);
            (json!({"operation": "diagnostic.fail", "max_attempts": most}), Expected::Nothing)
        }
        Style::Expiring => {
            let (mut job, _) = sleep(2_500);
            job["deadline"] = json!(now.plus(draw.pause(500..1_500)));
            (job, Expected::Nothing)
        }
        Style::Idempotent => echo(json!({"marker": marker})),
        _ => match draw.of_range(0..24) {
            0..4 => sleep(draw.of_range(50..600)),
            4..8 => echo(json!({"marker": marker, "filler": "v".repeat(LARGE)})),
            8..12 => {
                let job = json!({"operation": "diagnostic.fail", "input": {"times": 1}});
                (job, Expected::Attempts)
            }
            12 => echo(json!({"marker": marker, "filler": "v".repeat(HUGE)})),
            13..17 => {
                let (mut job, expected) = echo(json!({"marker": marker}));
                job["lane"] = json!("bulk");
                (job, expected)
            }
            _ => echo(json!({"marker": marker})),
        },
    }
}

fn echo(input: Value) -> (Value, Expected) {
    (json!({"operation": "diagnostic.echo", "input": input}), Expected::Document(input))
}

fn sleep(ms: u64) -> (Value, Expected) {
    let job = json!({"operation": "diagnostic.sleep", "input": {"ms": ms}});
    (job, Expected::Document(json!({"slept_ms": ms})))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_follows_from_the_seed() {
        let draft = |seed, number| {
            let draw = &mut Draw::of(seed, Style::Queued, number);
            Draft::new(Style::Queued, number, "http://hooks", draw).job
        };
        let all = |seed| (0..20).map(|number| draft(seed, number)).collect::<Vec<_>>();
        assert_eq!(all(1), all(1));
        assert_ne!(all(1), all(2));
    }
}
