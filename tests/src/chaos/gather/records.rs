//! What SQL says, read from its tables.

use std::collections::BTreeMap;

use serde_json::Value;
use sqlx::{Connection as _, Row as _};

use crate::chaos::checker::{DeliveryRow, Row};

/// The rows of the tables `jobs` and `deliveries`, by their ids.
pub(super) async fn read(
    url: &str,
) -> anyhow::Result<(BTreeMap<String, Row>, BTreeMap<String, DeliveryRow>)> {
    let mut connection = sqlx::PgConnection::connect(url).await?;
    let rows = sqlx::query("SELECT id, state, version, attempt, finished_at, event FROM jobs")
        .fetch_all(&mut connection)
        .await?;
    let mut jobs = BTreeMap::new();
    for row in rows {
        let finished: Option<i64> = row.get("finished_at");
        let found = Row {
            state: row.get("state"),
            version: row.get("version"),
            attempt: row.get("attempt"),
            has_finished: finished.is_some(),
            event: document(row.get("event"))?,
        };
        jobs.insert(row.get("id"), found);
    }
    let rows = sqlx::query("SELECT id, status, version, job_id, snapshot FROM deliveries")
        .fetch_all(&mut connection)
        .await?;
    let mut deliveries = BTreeMap::new();
    for row in rows {
        let mut snapshot = document(row.get("snapshot"))?;
        // What was posted has a column of its own.
        snapshot["body"] = Value::Null;
        let found = DeliveryRow {
            status: row.get("status"),
            version: row.get("version"),
            job: row.get::<Option<String>, _>("job_id").unwrap_or_default(),
            snapshot,
        };
        deliveries.insert(row.get("id"), found);
    }
    Ok((jobs, deliveries))
}

fn document(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str(text)
}
