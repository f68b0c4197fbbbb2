//! Forgetting jobs.

use sqlx::{AnyConnection, Row};

use super::super::connect::Engine;
use super::super::statement::Statement;
use super::super::{Records, RecordsError};
use crate::clock::Timestamp;
use crate::job::JobId;

impl Records {
    /// Removes up to `limit` jobs that ended before `before` and whose content is gone. Returns how many.
    pub async fn remove_old_jobs(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, RecordsError> {
        let pool = self.writer()?;
        self.bounded(async {
            let mut transaction = pool.begin_with(self.engine.begin()).await?;
            let rows = sqlx::query(
                "SELECT id FROM jobs WHERE finished_at IS NOT NULL AND finished_at < $1 \
                 AND content_removed_at IS NOT NULL ORDER BY finished_at, id LIMIT $2",
            )
            .bind(before.as_micros())
            .bind(limit as i64)
            .fetch_all(&mut *transaction)
            .await?;
            let ids: Vec<String> =
                rows.iter().map(|row| row.try_get("id")).collect::<Result<_, _>>()?;
            if ids.is_empty() {
                return Ok(0);
            }
            let count = ids.len();
            remove(&mut transaction, self.engine, ids).await?;
            transaction.commit().await?;
            Ok(count)
        })
        .await
    }

    /// Removes one job, for one whose owner asked for it or whose events are known to be gone.
    pub async fn remove_job(&self, id: JobId) -> Result<(), RecordsError> {
        let pool = self.writer()?;
        self.bounded(async {
            let mut transaction = pool.begin_with(self.engine.begin()).await?;
            remove(&mut transaction, self.engine, vec![id.to_string()]).await?;
            transaction.commit().await
        })
        .await
    }
}

async fn remove(
    connection: &mut AnyConnection,
    engine: Engine,
    ids: Vec<String>,
) -> Result<(), sqlx::Error> {
    let mut labels = Statement::new("DELETE FROM job_metadata WHERE job_id IN ");
    labels.list(ids.iter().cloned());
    labels.query(engine, false)?.execute(&mut *connection).await?;
    let mut jobs = Statement::new("DELETE FROM jobs WHERE id IN ");
    jobs.list(ids);
    jobs.query(engine, false)?.execute(&mut *connection).await.map(drop)
}
