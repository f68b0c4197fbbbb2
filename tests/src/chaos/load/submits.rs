//! Jobs that outlive their requests.

use std::time::Duration;

use common::clock::{Clock as _, SystemClock};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::draft::{Draft, Draw};
use super::{Load, Style};
use crate::chaos::caller::Heard;
use crate::chaos::intent::{Confirmed, Expected, Fate};
use crate::chaos::ledger::is_end;

/// How often the same request is sent until it is accepted, or a cancellation confirmed.
const REPEATS: usize = 6;
/// The pause between two of them.
const PAUSE: Duration = Duration::from_millis(400);
/// How many jobs a batch has.
const BATCH: usize = 3;
/// How often a job is looked at that somebody is curious about.
const LOOKS: usize = 4;

impl Load {
    pub(super) async fn submit(&self, style: Style, number: usize, mut draw: Draw) -> bool {
        let Draft { marker, job, intent } = self.draft(style, number, &mut draw);
        let (caller, gateway) = self.turn(number);
        self.ledger.asks(&marker, &intent);
        let heard = caller.post("/v1/jobs", &job, None).await;
        let fate = heard.fate();
        self.ledger.told(&marker, &fate);
        let Fate::Accepted(id) = fate else {
            self.ledger.answered(style, gateway, &heard.how(), false);
            return false;
        };
        self.ledger.answered(style, gateway, &heard.how(), style != Style::Followed);
        let Some(id) = id else { return false };
        match style {
            Style::Canceled => {
                tokio::time::sleep(draw.pause(0..1_200)).await;
                self.cancel(number + 1, &marker, &id).await;
            }
            Style::Followed => return self.follow(number + 1, &marker, &id).await,
            _ if draw.of_range(0..3) == 0 => {
                tokio::time::sleep(draw.pause(0..2_500)).await;
                self.look(number + 1, &marker, &id).await;
            }
            _ => {}
        }
        true
    }

    /// The same request by all gateways at once, until all of them know the job; then another one under its key.
    pub(super) async fn repeat(&self, number: usize, mut draw: Draw) -> bool {
        let style = Style::Idempotent;
        let Draft { marker, job, intent } = self.draft(style, number, &mut draw);
        let key = format!("key of {marker}");
        let mut is_known = false;
        for _ in 0..REPEATS {
            let mut asking = JoinSet::new();
            for turn in 0..self.gateways.len() {
                self.ledger.asks(&marker, &intent);
                let (caller, gateway) = self.turn(number + turn);
                let (caller, job, key) = (caller.clone(), job.clone(), key.clone());
                asking.spawn(
                    async move { (gateway, caller.post("/v1/jobs", &job, Some(&key)).await) },
                );
            }
            let (mut all_know, was_known) = (true, is_known);
            for (gateway, heard) in asking.join_all().await {
                let fate = heard.fate();
                let knows = matches!(fate, Fate::Accepted(_));
                self.ledger.told(&marker, &fate);
                self.ledger.answered(style, gateway, &heard.how(), knows);
                (all_know, is_known) = (all_know && knows, is_known || knows);
                if was_known && (400..500).contains(&heard.status()) {
                    let seen = format!("'{marker}' was accepted, its repetition was not");
                    self.ledger.wrong(format!("{seen}: {} {}", heard.status(), heard.text()));
                }
            }
            if all_know {
                self.misuse(number, &marker, &job, &key).await;
                return true;
            }
            tokio::time::sleep(PAUSE).await;
        }
        false
    }

    /// Another request under a key that is taken.
    async fn misuse(&self, number: usize, marker: &str, job: &Value, key: &str) {
        let mut other = job.clone();
        other["input"] = json!({"marker": "not what the key was used for"});
        let heard = self.turn(number).0.post("/v1/jobs", &other, Some(key)).await;
        if (200..500).contains(&heard.status()) && heard.status() != 422 {
            let seen = format!("another job under the key of '{marker}' was answered with");
            self.ledger.wrong(format!("{seen} {}: {}", heard.status(), heard.text()));
        }
    }

    pub(super) async fn batch(&self, number: usize, mut draw: Draw) -> bool {
        let style = Style::Batch;
        let drafts = (0..BATCH).map(|place| {
            let marker = format!("{} {number}.{place}", style.as_str());
            let mut draft = Draft::marked(style, marker, &self.receiver, &mut draw);
            draft.intent.lane = "bulk";
            draft
        });
        let drafts: Vec<_> = drafts.collect();
        for draft in &drafts {
            self.ledger.asks(&draft.marker, &draft.intent);
        }
        let jobs: Vec<_> = drafts.iter().map(|draft| &draft.job).collect();
        let (caller, gateway) = self.turn(number);
        let heard = caller.post("/v1/jobs/batch", &json!({"jobs": jobs}), None).await;
        let entries = heard.json();
        let mut all = true;
        for (place, draft) in drafts.iter().enumerate() {
            let fate = if heard.is(200) {
                fate_of_entry(&entries["data"][place])
            } else if (400..500).contains(&heard.status()) {
                Fate::Refused
            } else {
                // Some may have been accepted.
                Fate::Unknown
            };
            all &= matches!(fate, Fate::Accepted(Some(_)));
            self.ledger.told(&draft.marker, &fate);
        }
        self.ledger.answered(style, gateway, &heard.how(), all);
        all
    }

    pub(super) async fn wait(&self, number: usize, mut draw: Draw) -> bool {
        let style = Style::Waited;
        let Draft { marker, job, intent } = self.draft(style, number, &mut draw);
        let (caller, gateway) = self.turn(number);
        self.ledger.asks(&marker, &intent);
        let heard = caller.post_with("/v1/jobs", &job, &[("prefer", "wait=4")]).await;
        self.ledger.told(&marker, &heard.fate());
        let job = heard.json();
        let has_ended = is_end(job["status"].as_str().unwrap_or_default());
        if heard.is(201) != has_ended && (heard.is(201) || heard.is(202)) {
            self.ledger.wrong(format!("'{marker}' was waited for: {} {job}", heard.status()));
        }
        if let (Some(result), Expected::Document(expected)) = (job.get("result"), &intent.expected)
            && result != expected
        {
            self.ledger.wrong(format!("'{marker}' was waited for and resulted in {result}"));
        }
        self.note(&marker, &heard);
        self.ledger.answered(style, gateway, &heard.how(), heard.is(201));
        heard.is(201)
    }

    /// Asks to cancel a job until that is confirmed.
    async fn cancel(&self, number: usize, marker: &str, id: &str) {
        for turn in 0..REPEATS {
            let (caller, _) = self.turn(number + turn);
            let heard = caller.post(&format!("/v1/jobs/{id}/cancel"), &json!({}), None).await;
            self.note(marker, &heard);
            if heard.is(200) {
                let job = heard.json();
                if let Some(confirmed) = confirmed(&job) {
                    self.ledger.canceled(marker, confirmed);
                }
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Looks at a job by one gateway after the other.
    async fn look(&self, number: usize, marker: &str, id: &str) {
        for turn in 0..LOOKS {
            let heard = self.turn(number + turn).0.get(&format!("/v1/jobs/{id}")).await;
            self.note(marker, &heard);
            tokio::time::sleep(PAUSE / 4).await;
        }
    }

    /// Writes down what an answer shows of a job.
    fn note(&self, marker: &str, heard: &Heard) {
        if heard.is(404) {
            self.ledger
                .wrong(format!("'{marker}' was accepted, and then unknown: {}", heard.text()));
        }
        let job = heard.json();
        if (200..300).contains(&heard.status()) {
            self.saw(marker, heard.asked(), &job);
        }
    }

    /// Writes down what a job object shows.
    pub(super) fn saw(&self, marker: &str, asked: Instant, job: &Value) {
        let (version, state) = (job["version"].as_u64(), job["status"].as_str());
        if let (Some(version), Some(state)) = (version, state) {
            self.ledger.saw(marker, asked, version, state);
        }
    }
}

fn fate_of_entry(entry: &Value) -> Fate {
    match entry["status"].as_u64() {
        Some(202) => Fate::Accepted(entry["job"]["id"].as_str().map(str::to_owned)),
        Some(400..500) => Fate::Refused,
        // An entry can not name a job that may have been accepted.
        _ => Fate::Unknown,
    }
}

/// What the answer to a cancellation confirms.
fn confirmed(job: &Value) -> Option<Confirmed> {
    let state = job["status"].as_str()?;
    let is_asked = !is_end(state) && job["cancel_requested_at"].is_string();
    let attempt = job["attempt"].as_u64()?;
    let first = if job["started_at"].is_string() { attempt + 1 } else { attempt };
    (state == "canceled" || is_asked).then(|| Confirmed { at: SystemClock.now(), first })
}
