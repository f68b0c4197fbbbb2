//! Whether the SQL records tell the same as the events.

use std::collections::BTreeMap;

use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions as _, Row as _};

use super::Findings;
use super::life::Life;
use crate::ground::Ground;

/// Every row, as it is read.
pub(super) type Rows = Result<Vec<SqliteRow>, sqlx::Error>;

pub(super) fn check(rows: Rows, lives: &BTreeMap<String, Life>, findings: &mut Findings) {
    match rows {
        Ok(rows) => compare(&rows, lives, findings),
        Err(error) => findings.pending.push(format!("the records can not be read: {error}")),
    }
}

/// Reads the table.
pub(super) async fn read(ground: &Ground) -> Rows {
    let url = ground.settings.get("records.url").unwrap_or_default();
    let path = url.trim_start_matches("sqlite://");
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    let mut connection = options.connect().await?;
    sqlx::query("SELECT id, state, version, attempt, finished_at FROM jobs")
        .fetch_all(&mut connection)
        .await
}

fn compare(rows: &[SqliteRow], lives: &BTreeMap<String, Life>, findings: &mut Findings) {
    let mut recorded = BTreeMap::new();
    for row in rows {
        let id: String = row.get("id");
        let (version, attempt): (i64, i64) = (row.get("version"), row.get("attempt"));
        let (state, finished): (String, Option<i64>) = (row.get("state"), row.get("finished_at"));
        let Some(life) = lives.get(&id) else {
            findings.broken.push(format!("the records know {id}, the events do not"));
            continue;
        };
        let last = life.last();
        let told = (last["version"].as_i64(), last["attempt"].as_i64(), life.state());
        if finished.is_some() && told != (Some(version), Some(attempt), state.as_str()) {
            findings
                .broken
                .push(format!("{id} is recorded as {state} ({version}), not as {told:?}"));
        }
        recorded.insert(id, version);
    }
    for (id, life) in lives.iter().filter(|(_, life)| life.has_ended()) {
        if recorded.get(id).copied() != life.last()["version"].as_i64() {
            findings.pending.push(format!("the end of {id} is not recorded yet"));
        }
    }
}
