//! Real databases for tests.

mod postgres;

use super::Records;

pub use postgres::Postgres;

/// Records in a new SQLite file, with their tables. The folder goes with the returned guard.
pub async fn sqlite() -> (Records, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary directory");
    let url = format!("sqlite://{}/records.db", folder.path().display());
    let records = Records::open(&url).expect("a usable address");
    records.migrate().await.expect("the tables are made");
    (records, folder)
}

/// Records in a new database of the test's PostgreSQL, with their tables.
pub async fn postgres() -> Records {
    let url = tokio::task::spawn_blocking(|| Postgres::shared().new_database())
        .await
        .expect("PostgreSQL starts");
    let records = Records::open(&url).expect("a usable address");
    records.migrate().await.expect("the tables are made");
    records
}

/// Runs a statement as an operator would, for what no honest keeper would do.
pub async fn run(records: &Records, statement: &'static str) {
    let pool = records.writer().expect("opened for writing");
    sqlx::query(statement).execute(pool).await.expect("the statement runs");
}
