//! Not losing anything is easy for who does nothing: so much must have worked.

use std::collections::BTreeMap;

use super::{Court, Evidence, is_taken, state};
use crate::chaos::ledger::Style;

/// One in so many seconds with faults is not too much to ask of a style.
const SECONDS: u64 = 10;

pub(super) fn check(evidence: &Evidence, court: &mut Court<'_>) {
    let least = evidence.book.span.as_secs() / SECONDS;
    let mut counts = BTreeMap::<Style, u64>::new();
    for call in evidence.book.calls.values().filter(|call| call.is_answered) {
        *counts.entry(call.style).or_default() += 1;
    }
    for case in evidence.cases() {
        if case.last.is_some_and(|last| case.intent.style.ends_well(state(last))) {
            *counts.entry(case.intent.style).or_default() += 1;
        }
    }
    for style in Style::ALL {
        let count = counts.get(&style).copied().unwrap_or(0);
        if count < least {
            let style = style.as_str();
            court.broken("", format!("'{style}' went well {count} times, not even {least}"));
        }
    }
    if least == 0 {
        return;
    }
    let confirmed = evidence.book.intents.values().any(|intent| intent.cancel.is_some());
    let taken = evidence.hooks.iter().any(is_taken);
    let stored = evidence.events.values().any(|event| event["result"]["key"].is_string());
    for (what, has_been) in [
        ("no cancellation was confirmed", confirmed),
        ("no webhook was taken", taken),
        ("no dead letter was kept", !evidence.dead.is_empty()),
        ("no result went through the object store", stored),
    ] {
        if !has_been {
            court.broken("", what.to_owned());
        }
    }
}
