//! What succeeded can be read, and is right.

use serde_json::{Value, json};

use super::cases::Case;
use super::{Court, Evidence, Place, state, text};
use crate::chaos::intent::Expected;
use crate::chaos::upstream::text_of;

pub(super) fn check(evidence: &Evidence, court: &mut Court<'_>) {
    for Case { intent, job, last, .. } in evidence.cases() {
        let (Some(last), Some(read)) = (last, evidence.results.get(job)) else { continue };
        if state(last) != "succeeded" {
            continue;
        }
        if read.status != 200 {
            court.broken(
                job,
                format!("its result is answered with {}: {}", read.status, head(&read.body)),
            );
            continue;
        }
        if !is_right(&intent.expected, &read.body, last) {
            court
                .broken(job, format!("its result is not what was asked for: {}", head(&read.body)));
        }
        match &read.place {
            Place::Nowhere => {
                court.broken(job, format!("its object {} is not there", text(last, "/result/key")));
            }
            Place::Object(object) if object.as_slice() != read.body.as_bytes() => {
                court.broken(job, "its object is not what is answered".to_owned());
            }
            Place::Event | Place::Object(_) => {}
        }
    }
}

fn is_right(expected: &Expected, body: &str, last: &Value) -> bool {
    let Ok(body) = serde_json::from_str::<Value>(body) else { return false };
    match expected {
        Expected::Document(document) => *document == body,
        Expected::Chat(text) => text_of(&body) == text,
        Expected::Attempts => {
            last["attempt"].as_u64() >= Some(2) && body == json!({ "attempts": last["attempt"] })
        }
        Expected::Nothing => false,
    }
}

fn head(text: &str) -> String {
    text.chars().take(200).collect()
}
