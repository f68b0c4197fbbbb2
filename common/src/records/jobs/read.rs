//! One job.

use std::sync::Arc;

use serde_json::value::RawValue;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::super::{Records, RecordsError};
use crate::clock::Timestamp;
use crate::job::{JobEnvelope, JobEvent, JobId, Tenant};

/// A job as it is recorded.
#[derive(Clone, Debug)]
pub struct JobRecord {
    /// Its last recorded event. In lists the job's input is left out.
    pub event: JobEvent,
    /// When input, result and artifacts were removed; the event then names them no more.
    pub content_removed_at: Option<Timestamp>,
}

impl Records {
    /// A tenant's job with its input; `None` when it is not recorded or belongs to another tenant.
    pub async fn job(&self, tenant: &Tenant, id: JobId) -> Result<Option<JobRecord>, RecordsError> {
        let question = sqlx::query(
            "SELECT id, event, content_removed_at, input FROM jobs WHERE id = $1 AND tenant = $2",
        )
        .bind(id.to_string())
        .bind(tenant.to_string());
        let row = self.bounded(question.fetch_optional(&self.read)).await?;
        let Some(row) = row else { return Ok(None) };
        let mut record = JobRecord::read(&row)?;
        if let Some(input) = row.try_get::<Option<String>, _>("input")? {
            let input = RawValue::from_string(input).map_err(|error| unreadable(&row, &error))?;
            let job = JobEnvelope::clone(&record.event.job);
            record.event.job = Arc::new(JobEnvelope { input: Some(Arc::from(input)), ..job });
        }
        Ok(Some(record))
    }
}

impl JobRecord {
    /// Reads a row that has `id`, `event` and `content_removed_at`.
    pub(super) fn read(row: &AnyRow) -> Result<Self, RecordsError> {
        let event =
            serde_json::from_str(row.try_get("event")?).map_err(|error| unreadable(row, &error))?;
        let removed: Option<i64> = row.try_get("content_removed_at")?;
        Ok(Self { event, content_removed_at: removed.map(Timestamp::from_micros) })
    }
}

pub(super) fn unreadable(row: &AnyRow, error: &dyn std::fmt::Display) -> RecordsError {
    RecordsError::Unreadable {
        id: row.try_get("id").unwrap_or_default(),
        reason: error.to_string(),
    }
}
