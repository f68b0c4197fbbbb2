//! Jobs that have not ended: the keeper's questions for repair, expiry and cancellation.

use std::str::FromStr as _;

use sqlx::Row;
use sqlx::any::AnyRow;

use super::super::statement::Statement;
use super::super::{Records, RecordsError};
use super::read::unreadable;
use super::{JobRecord, indexed};
use crate::clock::Timestamp;
use crate::job::{JobEvent, JobId, JobState};

/// A job that has not ended, as far as the records know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenJob {
    /// The job.
    pub id: JobId,
    /// The time by which the list is ordered: the last event's, the deadline, or that of the cancel request.
    pub at: Timestamp,
}

impl Records {
    /// Jobs that have not ended and whose last event is older than `before`, oldest first, beginning after `after`.
    pub async fn stale_jobs(
        &self,
        before: Timestamp,
        after: Option<OpenJob>,
        limit: usize,
    ) -> Result<Vec<OpenJob>, RecordsError> {
        let mut statement = Statement::new(
            "SELECT id, updated_at AS at FROM jobs WHERE finished_at IS NULL AND updated_at < ",
        );
        statement.bind(before.as_micros());
        self.open_jobs(statement, "updated_at", after, limit).await
    }

    /// Jobs that have not ended and whose deadline has passed at `now`, earliest first, beginning after `after`.
    pub async fn overdue_jobs(
        &self,
        now: Timestamp,
        after: Option<OpenJob>,
        limit: usize,
    ) -> Result<Vec<OpenJob>, RecordsError> {
        let mut statement = Statement::new(
            "SELECT id, deadline AS at FROM jobs \
             WHERE finished_at IS NULL AND deadline IS NOT NULL AND deadline <= ",
        );
        statement.bind(now.as_micros());
        self.open_jobs(statement, "deadline", after, limit).await
    }

    /// Jobs that have not ended and whose cancellation was asked for before `before`, earliest first, beginning after
    /// `after`.
    pub async fn jobs_to_cancel(
        &self,
        before: Timestamp,
        after: Option<OpenJob>,
        limit: usize,
    ) -> Result<Vec<OpenJob>, RecordsError> {
        let mut statement = Statement::new(
            "SELECT id, cancel_requested_at AS at FROM jobs WHERE finished_at IS NULL \
             AND cancel_requested_at IS NOT NULL AND cancel_requested_at < ",
        );
        statement.bind(before.as_micros());
        self.open_jobs(statement, "cancel_requested_at", after, limit).await
    }

    /// The last recorded event of a job that has not ended, without the job's input; `None` when it is not recorded or
    /// has ended. For the keeper's own use, which knows no tenants.
    pub async fn open_job(&self, id: JobId) -> Result<Option<JobEvent>, RecordsError> {
        let question = sqlx::query(
            "SELECT id, event, content_removed_at FROM jobs WHERE id = $1 AND finished_at IS NULL",
        )
        .bind(id.to_string());
        let row = self.bounded(question.fetch_optional(&self.read)).await?;
        row.map(|row| JobRecord::read(&row).map(|record| record.event)).transpose()
    }

    /// Whether a job of this model has not ended. Looks through the open jobs: not for a path that is often taken.
    pub async fn has_open_jobs(&self, capability: &str, model: &str) -> Result<bool, RecordsError> {
        let question = sqlx::query(
            "SELECT id FROM jobs WHERE finished_at IS NULL AND capability = $1 AND model = $2 \
             LIMIT 1",
        )
        .bind(indexed(capability))
        .bind(indexed(model));
        Ok(self.bounded(question.fetch_optional(&self.read)).await?.is_some())
    }

    /// How many jobs are in each state that is not terminal.
    pub async fn count_open_jobs(&self) -> Result<Vec<(JobState, u64)>, RecordsError> {
        let question = sqlx::query(
            "SELECT state AS id, COUNT(*) AS jobs FROM jobs \
             WHERE finished_at IS NULL GROUP BY state",
        );
        let rows = self.bounded(question.fetch_all(&self.read)).await?;
        rows.iter()
            .map(|row| {
                let state = JobState::from_str(row.try_get("id")?)
                    .map_err(|error| unreadable(row, &error))?;
                Ok((state, row.try_get::<i64, _>("jobs")? as u64))
            })
            .collect()
    }

    async fn open_jobs(
        &self,
        mut statement: Statement,
        order: &'static str,
        after: Option<OpenJob>,
        limit: usize,
    ) -> Result<Vec<OpenJob>, RecordsError> {
        if let Some(after) = after {
            statement.push(" AND (").push(order).push(", id) > (");
            statement.bind(after.at.as_micros()).push(", ");
            statement.bind(after.id.to_string()).push(")");
        }
        statement.push(" ORDER BY ").push(order).push(", id LIMIT ").bind(limit as i64);
        let question = statement.query(self.engine, true)?;
        let rows = self.bounded(question.fetch_all(&self.read)).await?;
        rows.iter().map(read).collect()
    }
}

fn read(row: &AnyRow) -> Result<OpenJob, RecordsError> {
    let id: &str = row.try_get("id")?;
    let id = id.parse().map_err(|error| unreadable(row, &error))?;
    Ok(OpenJob { id, at: Timestamp::from_micros(row.try_get("at")?) })
}
