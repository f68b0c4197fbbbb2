//! SQL tells the same as the events.

use super::{Court, Evidence, Row, is_end, state};

pub(super) fn check(evidence: &Evidence, court: &mut Court<'_>) {
    for (job, last) in evidence.events.iter().filter(|(_, last)| is_end(last)) {
        let told = Row {
            state: state(last).to_owned(),
            version: last["version"].as_i64().unwrap_or_default(),
            attempt: last["attempt"].as_i64().unwrap_or_default(),
            has_finished: true,
        };
        match evidence.rows.get(job) {
            None => court.pending(job, "is not in SQL".to_owned()),
            Some(row) if *row == told => {}
            Some(row) if row.has_finished => {
                court.broken(job, format!("SQL has {row:?}, the events {told:?}"));
            }
            Some(row) => court.pending(job, format!("SQL has {row:?}, the events {told:?}")),
        }
    }
    for (job, row) in &evidence.rows {
        if !evidence.events.contains_key(job) {
            court.broken(job, format!("SQL has {row:?}, the events nothing"));
        }
    }
}
