//! What jobs leave in the object store: the keeper's questions for cleaning.

use sqlx::Row as _;

use super::super::statement::Statement;
use super::super::{Records, RecordsError};
use super::JobRecord;
use super::write::encode;
use crate::clock::Timestamp;
use crate::job::{JobEvent, JobId};

impl Records {
    /// Jobs that ended before `before` and whose content is still there, earliest first.
    pub async fn jobs_with_content(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<JobEvent>, RecordsError> {
        let mut statement = Statement::new(
            "SELECT id, event, content_removed_at FROM jobs \
             WHERE content_removed_at IS NULL AND finished_at IS NOT NULL AND finished_at < ",
        );
        statement.bind(before.as_micros());
        statement.push(" ORDER BY finished_at, id LIMIT ").bind(limit as i64);
        self.events(statement).await
    }

    /// Jobs that ended before `before` and may have objects of runs that lost, earliest first.
    pub async fn jobs_with_leftovers(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<Vec<JobEvent>, RecordsError> {
        let mut statement = Statement::new(
            "SELECT id, event, content_removed_at FROM jobs \
             WHERE leftovers = 1 AND finished_at IS NOT NULL AND finished_at < ",
        );
        statement.bind(before.as_micros());
        statement.push(" ORDER BY finished_at, id LIMIT ").bind(limit as i64);
        self.events(statement).await
    }

    /// Whether a job, ended or not, still has its content; `None` when the job is not recorded. For the keeper's own
    /// use, which knows no tenants.
    pub async fn has_content(&self, id: JobId) -> Result<Option<bool>, RecordsError> {
        let question =
            sqlx::query("SELECT content_removed_at FROM jobs WHERE id = $1").bind(id.to_string());
        let row = self.bounded(question.fetch_optional(&self.read)).await?;
        let removed_at = row.map(|row| row.try_get::<Option<i64>, _>(0)).transpose()?;
        Ok(removed_at.map(|removed_at| removed_at.is_none()))
    }

    /// Notes that the content of a job is gone. `bare` is the job's last event without its content: the record keeps
    /// what happened and forgets what was in it.
    pub async fn forget_content(&self, bare: &JobEvent) -> Result<(), RecordsError> {
        let removed_at = bare.content_removed_at.unwrap_or(bare.time);
        let mut statement = Statement::new("UPDATE jobs SET input = NULL, leftovers = 0, event = ");
        statement.bind(encode(bare)?).push(", version = ").bind(bare.version as i64);
        statement.push(", content_removed_at = ").bind(removed_at.as_micros());
        statement.push(" WHERE content_removed_at IS NULL AND finished_at IS NOT NULL AND id = ");
        statement.bind(bare.job.id.to_string());
        let question = statement.query(self.engine, true)?;
        self.bounded(question.execute(self.writer()?)).await.map(drop)
    }

    /// Notes that the objects of runs that lost are gone.
    pub async fn forget_leftovers(&self, job: JobId) -> Result<(), RecordsError> {
        let question =
            sqlx::query("UPDATE jobs SET leftovers = 0 WHERE id = $1").bind(job.to_string());
        self.bounded(question.execute(self.writer()?)).await.map(drop)
    }

    async fn events(&self, statement: Statement) -> Result<Vec<JobEvent>, RecordsError> {
        let question = statement.query(self.engine, true)?;
        let rows = self.bounded(question.fetch_all(&self.read)).await?;
        rows.iter().map(|row| JobRecord::read(row).map(|record| record.event)).collect()
    }
}
