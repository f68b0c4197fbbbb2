//! Recording delivery snapshots.

use std::collections::HashMap;

use super::super::statement::Statement;
use super::super::{Position, ROWS_PER_STATEMENT, Records, RecordsError, position};
use crate::clock::Timestamp;
use crate::webhook::{DeliveryEvent, DeliveryId};

/// Only a greater version replaces a row.
const UPSERT: &str = " ON CONFLICT (id) DO UPDATE SET status = excluded.status, \
     version = excluded.version, updated_at = excluded.updated_at, \
     snapshot = excluded.snapshot WHERE deliveries.version < excluded.version";

impl Records {
    /// Records delivery snapshots and how far their stream is recorded in one transaction. Repeating it changes
    /// nothing.
    pub async fn apply_deliveries(
        &self,
        position: &Position,
        snapshots: &[DeliveryEvent],
        now: Timestamp,
    ) -> Result<(), RecordsError> {
        let rows = newest(snapshots);
        let pool = self.writer()?;
        self.bounded(async {
            let mut transaction = pool.begin_with(self.engine.begin()).await?;
            for chunk in rows.chunks(ROWS_PER_STATEMENT) {
                let mut statement = Statement::new(
                    "INSERT INTO deliveries (id, tenant, status, endpoint_id, job_id, \
                     event_type, version, created_at, updated_at, snapshot, body) VALUES ",
                );
                for (index, snapshot) in chunk.iter().enumerate() {
                    if index > 0 {
                        statement.push(", ");
                    }
                    bind_row(&mut statement, snapshot)?;
                }
                statement.push(UPSERT);
                let whole = chunk.len() == ROWS_PER_STATEMENT;
                statement.query(self.engine, whole)?.execute(&mut *transaction).await?;
            }
            position::advance(&mut transaction, self.engine, position, now).await?;
            transaction.commit().await
        })
        .await
    }
}

/// The newest snapshot of every delivery, in the order of their ids, so that keepers lock rows in the same order.
fn newest(snapshots: &[DeliveryEvent]) -> Vec<&DeliveryEvent> {
    let mut newest: HashMap<DeliveryId, &DeliveryEvent> = HashMap::with_capacity(snapshots.len());
    for snapshot in snapshots {
        let known = newest.entry(snapshot.id).or_insert(snapshot);
        if snapshot.version > known.version {
            *known = snapshot;
        }
    }
    let mut rows: Vec<_> = newest.into_values().collect();
    rows.sort_unstable_by_key(|snapshot| snapshot.id);
    rows
}

fn bind_row(statement: &mut Statement, snapshot: &DeliveryEvent) -> Result<(), sqlx::Error> {
    let slim = DeliveryEvent { body: String::new(), ..snapshot.clone() };
    let json = serde_json::to_string(&slim).map_err(|error| sqlx::Error::Encode(error.into()))?;
    statement.push("(").bind(snapshot.id.to_string());
    statement.push(", ").bind(snapshot.tenant.to_string());
    statement.push(", ").bind(snapshot.status.as_str().to_owned());
    statement.push(", ").bind(snapshot.endpoint_id.clone());
    statement.push(", ").bind(snapshot.job_id.map(|id| id.to_string()));
    statement.push(", ").bind(snapshot.event_type.clone());
    statement.push(", ").bind(snapshot.version as i64);
    statement.push(", ").bind(snapshot.created_at.as_micros());
    statement.push(", ").bind(snapshot.updated_at.as_micros());
    statement.push(", ").bind(json);
    statement.push(", ").bind(snapshot.body.clone()).push(")");
    Ok(())
}
