//! Forgetting deliveries.

use super::super::{Records, RecordsError};
use crate::clock::Timestamp;

impl Records {
    /// Removes up to `limit` deliveries that have not changed since `before`. Returns how many.
    pub async fn remove_old_deliveries(
        &self,
        before: Timestamp,
        limit: usize,
    ) -> Result<usize, RecordsError> {
        let question = sqlx::query(
            "DELETE FROM deliveries WHERE id IN \
             (SELECT id FROM deliveries WHERE updated_at < $1 ORDER BY updated_at, id LIMIT $2)",
        )
        .bind(before.as_micros())
        .bind(limit as i64);
        let done = self.bounded(question.execute(self.writer()?)).await?;
        Ok(done.rows_affected() as usize)
    }
}
