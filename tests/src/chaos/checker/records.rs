//! SQL tells the same as the events, and as the snapshots of the deliveries.

use serde_json::Value;

use super::{Court, Evidence, Row, is_end, state, text};

pub(super) fn check(evidence: &Evidence, court: &mut Court<'_>) {
    for (job, last) in evidence.events.iter().filter(|(_, last)| is_end(last)) {
        let Some(row) = evidence.rows.get(job) else {
            court.pending(job, "is not in SQL".to_owned());
            continue;
        };
        let mut event = last.clone();
        if let Some(job) = event["job"].as_object_mut() {
            job.remove("input");
        }
        let told = Row {
            state: state(last).to_owned(),
            version: last["version"].as_i64().unwrap_or_default(),
            attempt: last["attempt"].as_i64().unwrap_or_default(),
            has_finished: true,
            event,
        };
        if *row == told {
            continue;
        }
        let differs = differences(&row.event, &told.event);
        let seen = format!("SQL has it {} at {}: {differs}", row.state, row.version);
        if row.has_finished { court.broken(job, seen) } else { court.pending(job, seen) }
    }
    for (job, row) in &evidence.rows {
        if !evidence.events.contains_key(job) {
            court.broken(job, format!("SQL has it {}, the events nothing", row.state));
        }
    }
    deliveries(evidence, court);
}

fn deliveries(evidence: &Evidence, court: &mut Court<'_>) {
    for delivery in &evidence.deliveries {
        let (id, job) = (text(delivery, "/id"), text(delivery, "/job_id"));
        let Some(row) = evidence.delivery_rows.get(id) else {
            court.pending(job, format!("its delivery {id} is not in SQL"));
            continue;
        };
        let version = delivery["version"].as_i64().unwrap_or_default();
        let mut told = delivery.clone();
        told["body"] = Value::Null;
        if row.version < version {
            let seen = format!("its delivery {id} is at {} in SQL, not {version}", row.version);
            court.pending(job, seen);
        } else if row.version > version
            || row.status != text(delivery, "/status")
            || row.job != job
            || shared(&row.snapshot) != shared(&told)
        {
            let differs = differences(&row.snapshot, &told);
            court.broken(job, format!("the delivery {id} is another one in SQL: {differs}"));
        }
    }
    for (id, row) in &evidence.delivery_rows {
        if !evidence.deliveries.iter().any(|delivery| text(delivery, "/id") == id) {
            court.broken(&row.job, format!("SQL has the delivery {id}, the stream has not"));
        }
    }
}

/// A snapshot without the log of its attempts: when two dispatchers made the same attempt at one time, both snapshots
/// have one version, the stream keeps the one that came last and SQL the one that it saw first.
fn shared(snapshot: &Value) -> Value {
    let mut shared = snapshot.clone();
    for name in ["attempts", "updated_at"] {
        shared[name] = Value::Null;
    }
    shared
}

/// The fields of two objects that are not the same.
fn differences(in_sql: &Value, told: &Value) -> String {
    let mut names: Vec<_> = [in_sql, told]
        .into_iter()
        .filter_map(Value::as_object)
        .flat_map(|one| one.keys())
        .collect();
    names.sort_unstable();
    names.dedup();
    let differ = names.into_iter().filter(|name| in_sql[*name] != told[*name]);
    let differ = differ.map(|name| format!("{name} {} for {}", in_sql[name], told[name]));
    differ.collect::<Vec<_>>().join(", ")
}
