//! The SQL records: jobs and deliveries for as long as people want to look them up.
//!
//! SQLite and PostgreSQL are reached by the same statements through sqlx's `Any` driver, so there is one code path and
//! one folder of migrations (`schemas/sql`). That works because the tables use three kinds of value only: text, 64-bit
//! integers (times are microseconds, flags are 0 or 1) and JSON as text.
//!
//! Only keepers write. The records follow JOB_EVENTS and DELIVERIES, decide nothing, and may be away at any time.

mod connect;
mod deliveries;
mod error;
mod jobs;
mod page;
mod position;
mod statement;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;

use std::time::Duration;

use sqlx::{AnyConnection, AnyPool};

pub use deliveries::{DeliveryFilter, DeliveryRecord};
pub use error::RecordsError;
pub use jobs::{JobFilter, JobRecord, OpenJob};
pub use page::{Cursor, Page};
pub use position::Position;

use connect::Engine;

/// How long one statement or transaction may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(10);
/// How many rows one statement writes: what is left of a batch is written by a statement of its own length.
const ROWS_PER_STATEMENT: usize = 64;

/// The records. Cheap to clone; connects when it is first used and again after the database was away.
#[derive(Clone)]
pub struct Records {
    engine: Engine,
    read: AnyPool,
    write: Option<AnyPool>,
}

impl Records {
    /// Makes or changes the tables. Safe to repeat and to run in several keepers at once; a database that a newer
    /// program has changed is left as it is.
    pub async fn migrate(&self) -> Result<(), RecordsError> {
        let mut migrator = sqlx::migrate!("../schemas/sql");
        migrator.set_ignore_missing(true);
        let pool = self.writer()?;
        self.bounded(async {
            if self.engine == Engine::Sqlite {
                // SQLite has no advisory lock: the write lock of one transaction around all keeps others out.
                let mut transaction = pool.begin_with(self.engine.begin()).await?;
                let connection: &mut AnyConnection = &mut transaction;
                migrator.run_direct(None, connection, false).await.map_err(error::migration)?;
                transaction.commit().await
            } else {
                let mut connection = pool.acquire().await?;
                let connection: &mut AnyConnection = &mut connection;
                migrator.run_direct(None, connection, false).await.map_err(error::migration)
            }
        })
        .await
    }

    /// Whether the database answers and has its tables.
    pub async fn check(&self) -> Result<(), RecordsError> {
        let question = sqlx::query("SELECT stream FROM recorder_positions LIMIT 1");
        self.bounded(question.fetch_optional(&self.read)).await.map(drop)
    }

    /// Closes every connection, within two seconds.
    pub async fn close(&self) {
        let _ = tokio::time::timeout(Duration::from_secs(2), async {
            if let Some(write) = &self.write {
                write.close().await;
            }
            self.read.close().await;
        })
        .await;
    }

    /// What the records lie in, for people: `SQLite` or `PostgreSQL`.
    pub fn engine_name(&self) -> &'static str {
        self.engine.name()
    }

    fn writer(&self) -> Result<&AnyPool, RecordsError> {
        self.write.as_ref().ok_or(RecordsError::ReadOnly)
    }

    async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, RecordsError> {
        match tokio::time::timeout(CALL_TIMEOUT, call).await {
            Ok(outcome) => outcome.map_err(RecordsError::from),
            Err(_) => Err(RecordsError::Unavailable(format!("no answer within {CALL_TIMEOUT:?}"))),
        }
    }
}

impl std::fmt::Debug for Records {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Records").field("engine", &self.engine).finish_non_exhaustive()
    }
}
