//! Callers of every style, at a steady rate and by both gateways, whatever becomes of their requests.

use std::sync::Arc;
use std::time::Duration;

use common::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::caller::{Caller, Heard};
use super::ledger::{Expected, Ledger, Promise, Style};
use super::upstream::{MODEL, answer_to, text_of, text_of_stream};

/// The pause between two requests of one style.
const PACE: Duration = Duration::from_millis(350);
/// Most requests of one style at a time.
const AT_ONCE: usize = 24;
/// How often the same request is sent until it is accepted.
const REPEATS: usize = 6;
/// A result of this size goes through the object store.
const LARGE: usize = 40_000;
/// Parameters of this size go through the object store.
const HUGE: usize = 270_000;

/// What all callers share. Cheap to clone.
#[derive(Clone)]
pub(super) struct Load {
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
                tokio::time::sleep(PACE / 9 * place as u32).await;
                load.ask_steadily(style, until).await;
            });
        }
        styles.join_all().await;
    }

    async fn ask_steadily(&self, style: Style, until: Instant) {
        let room = Arc::new(Semaphore::new(AT_ONCE));
        let mut asking = JoinSet::new();
        let mut tick = tokio::time::interval(PACE);
        self.ledger.begin(style);
        for number in 0_usize.. {
            tick.tick().await;
            if Instant::now() >= until {
                break;
            }
            while asking.try_join_next().is_some() {}
            // Who has so many unanswered requests asks no more until one is answered.
            let Ok(place) = Arc::clone(&room).try_acquire_owned() else { continue };
            let load = self.clone();
            asking.spawn(async move {
                load.ask(style, number).await;
                drop(place);
            });
        }
        asking.join_all().await;
    }

    /// One request of a style.
    pub(super) async fn ask(&self, style: Style, number: usize) {
        let caller = &self.gateways[number % self.gateways.len()];
        let marker = format!("{} {number}", style.as_str());
        match style {
            Style::Sync => self.chat(caller, &marker, false).await,
            Style::Streamed => self.chat(caller, &marker, true).await,
            Style::Idempotent => self.repeat(number, &marker).await,
            _ => {
                let (job, expected) = job(style, number, &marker);
                self.submit(style, number, job, expected).await;
            }
        }
    }

    async fn chat(&self, caller: &Caller, marker: &str, stream: bool) {
        let style = if stream { Style::Streamed } else { Style::Sync };
        let body = chat(marker, stream);
        let heard = caller.post("/v1/chat/completions", &body, None).await;
        let expected = answer_to(marker);
        let (text, whole) = if stream {
            text_of_stream(&heard.text())
        } else {
            (text_of(&heard.json()).to_owned(), heard.is(200))
        };
        let well = heard.is(200) && whole && text == expected;
        if heard.is(200) && whole && text != expected {
            self.ledger.wrong(format!("'{marker}' was answered with '{}'", heard.text()));
        }
        if stream && !expected.starts_with(&text) {
            self.ledger.wrong(format!("'{marker}' was answered with a mixed stream: '{text}'"));
        }
        let how = if heard.is(200) && !whole { "broken off".to_owned() } else { heard.how() };
        self.ledger.answered(style, &how, well);
    }

    async fn submit(&self, style: Style, number: usize, mut job: Value, expected: Expected) {
        let caller = &self.gateways[number % self.gateways.len()];
        let webhook = (style == Style::Callback || number.is_multiple_of(4))
            .then(|| format!("/{}/{number}", style.as_str().replace(' ', "-")));
        if let Some(path) = &webhook {
            job["webhook"] = json!(format!("{}{path}", self.receiver));
        }
        let heard = caller.post("/v1/jobs", &job, None).await;
        self.ledger.answered(style, &heard.how(), heard.is(202));
        let Some(id) = heard.accepted() else { return };
        self.ledger.promised(&id, Promise { style, expected, webhook, ended: None });
        if style == Style::Canceled {
            tokio::time::sleep(Duration::from_millis(number as u64 * 37 % 900)).await;
            self.cancel(number + 1, &id).await;
        } else if number % 3 == 1 {
            tokio::time::sleep(Duration::from_millis(number as u64 * 53 % 3_000)).await;
            self.look(number + 1, &id).await;
        }
    }

    /// The same request by all gateways at once, until it is accepted.
    async fn repeat(&self, number: usize, marker: &str) {
        let style = Style::Idempotent;
        let key = format!("key of {marker}");
        let job = json!({"operation": "diagnostic.echo", "input": {"marker": marker}});
        let expected = Expected::Document(job["input"].clone());
        for _ in 0..REPEATS {
            let mut asking = JoinSet::new();
            for turn in 0..self.gateways.len() {
                let caller = self.gateways[(number + turn) % self.gateways.len()].clone();
                let (job, key) = (job.clone(), key.clone());
                asking.spawn(async move { caller.post("/v1/jobs", &job, Some(&key)).await });
            }
            let mut all_know = true;
            for heard in asking.join_all().await {
                self.ledger.answered(style, &heard.how(), heard.accepted().is_some());
                all_know &= heard.accepted().is_some();
                let Some(id) = heard.accepted() else { continue };
                let promise =
                    Promise { style, expected: expected.clone(), webhook: None, ended: None };
                self.ledger.promised(&id, promise);
            }
            if all_know {
                return;
            }
            tokio::time::sleep(Duration::from_millis(400)).await;
        }
    }

    async fn cancel(&self, number: usize, id: &str) {
        let caller = &self.gateways[number % self.gateways.len()];
        let heard = caller.post(&format!("/v1/jobs/{id}/cancel"), &json!({}), None).await;
        self.note_state(id, &heard);
    }

    async fn look(&self, number: usize, id: &str) {
        let caller = &self.gateways[number % self.gateways.len()];
        let heard = caller.get(&format!("/v1/jobs/{id}")).await;
        self.note_state(id, &heard);
    }

    fn note_state(&self, id: &str, heard: &Heard) {
        if heard.is(404) {
            self.ledger.wrong(format!("{id} was accepted, and then unknown: {}", heard.text()));
        }
        let job = heard.json();
        let state = job["status"].as_str().unwrap_or_default();
        if heard.is(200) && ["succeeded", "failed", "canceled", "expired"].contains(&state) {
            self.ledger.ended(id, state);
        }
    }
}

fn chat(marker: &str, stream: bool) -> Value {
    json!({"model": MODEL, "stream": stream, "messages": [{"role": "user", "content": marker}]})
}

/// A job of a style and what it must result in.
fn job(style: Style, number: usize, marker: &str) -> (Value, Expected) {
    let echo = |input: Value| {
        (json!({"operation": "diagnostic.echo", "input": input}), Expected::Document(input))
    };
    let sleep = |ms: usize| {
        let job = json!({"operation": "diagnostic.sleep", "input": {"ms": ms}});
        (job, Expected::Document(json!({"slept_ms": ms})))
    };
    match style {
        Style::QueuedChat => {
            let job = json!({"operation": "chat", "model": MODEL, "input": chat(marker, false)});
            (job, Expected::Chat(answer_to(marker)))
        }
        Style::Delayed => {
            let wait = Duration::from_millis(200 + number as u64 * 331 % 3_000);
            let (mut job, expected) = echo(json!({"marker": marker}));
            job["run_at"] = json!(SystemClock.now().plus(wait));
            (job, expected)
        }
        Style::Canceled => {
            let (mut job, expected) = sleep(1_000 + number % 3 * 400);
            if number.is_multiple_of(3) {
                job["run_at"] = json!(SystemClock.now().plus(Duration::from_secs(1)));
            }
            (job, expected)
        }
        Style::Failing => {
            let job = json!({"operation": "diagnostic.fail", "max_attempts": 1 + number % 2});
            (job, Expected::Nothing)
        }
        Style::Queued | Style::Callback | Style::Idempotent | Style::Sync | Style::Streamed => {
            match number % 6 {
                1 => sleep(300),
                2 => echo(json!({"marker": marker, "filler": "v".repeat(LARGE)})),
                3 => {
                    let job = json!({"operation": "diagnostic.fail", "input": {"times": 1}});
                    (job, Expected::Attempts)
                }
                4 if number.is_multiple_of(5) => {
                    echo(json!({"marker": marker, "filler": "v".repeat(HUGE)}))
                }
                5 => {
                    let (mut job, expected) = echo(json!({"marker": marker}));
                    job["lane"] = json!("bulk");
                    (job, expected)
                }
                _ => echo(json!({"marker": marker})),
            }
        }
    }
}
