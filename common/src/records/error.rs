//! What can go wrong with the records.

/// A question to the records, or a write, did not work.
#[derive(Debug, thiserror::Error)]
pub enum RecordsError {
    /// The address of the database is not usable as it is written.
    #[error("[records] url: {0}")]
    Address(String),
    /// The database does not answer, is not set up yet, is busy, full or broken: the same call may work later.
    #[error("the records are not available: {0}")]
    Unavailable(String),
    /// The database will never take these values.
    #[error("the records refuse a value: {0}")]
    Rejected(String),
    /// A stored row can not be read back.
    #[error("the record {id} can not be read: {reason}")]
    Unreadable {
        /// Which row.
        id: String,
        /// Why.
        reason: String,
    },
    /// These records were opened for reading.
    #[error("these records were opened for reading only")]
    ReadOnly,
}

impl RecordsError {
    /// Whether the same call may work later.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for RecordsError {
    /// Only what is known to be the values' own fault is a refusal: an event is given up for that, and for nothing
    /// else.
    fn from(error: sqlx::Error) -> Self {
        let refused = match &error {
            sqlx::Error::Database(cause) => cause.code().is_some_and(|code| is_about_values(&code)),
            sqlx::Error::Encode(_) => true,
            _ => false,
        };
        match error {
            sqlx::Error::Configuration(cause) => Self::Address(cause.to_string()),
            sqlx::Error::ColumnDecode { index, source } => {
                Self::Unreadable { id: format!("column {index}"), reason: source.to_string() }
            }
            error if refused => Self::Rejected(error.to_string()),
            error => Self::Unavailable(error.to_string()),
        }
    }
}

/// PostgreSQL: data exceptions, integrity, limits of the program. SQLite (primary result code): too big, constraint,
/// mismatch, range.
fn is_about_values(code: &str) -> bool {
    if code.len() == 5 {
        return ["22", "23", "54"].iter().any(|class| code.starts_with(class));
    }
    code.parse::<u32>().is_ok_and(|code| matches!(code & 0xff, 18 | 19 | 20 | 25))
}

pub(super) fn migration(error: sqlx::migrate::MigrateError) -> sqlx::Error {
    match error {
        sqlx::migrate::MigrateError::Execute(cause)
        | sqlx::migrate::MigrateError::ExecuteMigration(cause, _) => cause,
        other => sqlx::Error::Migrate(Box::new(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::is_about_values;

    #[test]
    fn only_values_are_refused() {
        // String too long, unique violation, index row too large; SQLITE_CONSTRAINT_UNIQUE.
        for code in ["22001", "23505", "54000", "2067"] {
            assert!(is_about_values(code), "{code}");
        }
        // Serialization failure, no such table, disk full, shutdown; SQLITE_BUSY_SNAPSHOT, SQLITE_FULL, SQLITE_ERROR.
        for code in ["40001", "42P01", "53100", "57P01", "517", "13", "1"] {
            assert!(!is_about_values(code), "{code}");
        }
    }
}
