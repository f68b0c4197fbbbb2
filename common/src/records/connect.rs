//! Opening a database by its URL.

use std::path::PathBuf;
use std::time::Duration;

use sqlx::any::AnyPoolOptions;
use sqlx::{AnyPool, Executor};
use url::Url;

use super::{Records, RecordsError};

/// Connections of a pool for reading.
const READERS: u32 = 4;
/// Connections of a keeper for writing to PostgreSQL: one for each duty that writes.
const POSTGRES_WRITERS: u32 = 4;
/// How long a call waits for a connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// Idle connections are closed after this time.
const IDLE_TIMEOUT: Duration = Duration::from_mins(5);

/// Writers wait for each other instead of failing. One fsync for each transaction (`FULL`): the recorder acks events
/// once they are committed, and it commits a batch at a time, so that this costs some ten fsyncs a second at most.
const SQLITE_WRITER: &str =
    "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;";
const SQLITE_READER: &str = "PRAGMA query_only = ON; PRAGMA busy_timeout = 5000;";
const POSTGRES_WRITER: &str =
    "SET application_name = 'millrace'; SET statement_timeout = '9s'; SET lock_timeout = '5s'";
const POSTGRES_READER: &str = "SET application_name = 'millrace'; SET statement_timeout = '9s'; \
     SET default_transaction_read_only = on";

/// The database behind the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

impl Engine {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "SQLite",
            Self::Postgres => "PostgreSQL",
        }
    }

    /// How a transaction that writes begins. SQLite takes the write lock at once: a transaction that reads first and
    /// then finds another writer can not wait for it.
    pub(super) const fn begin(self) -> &'static str {
        match self {
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }

    const fn set_up(self, writes: bool) -> &'static str {
        match (self, writes) {
            (Self::Sqlite, true) => SQLITE_WRITER,
            (Self::Sqlite, false) => SQLITE_READER,
            (Self::Postgres, true) => POSTGRES_WRITER,
            (Self::Postgres, false) => POSTGRES_READER,
        }
    }
}

impl Records {
    /// For the keeper: reads and writes. `url` is `sqlite:///path/to/file` or `postgres://user:password@host/name`.
    /// Does not connect yet; makes the folder of an SQLite file.
    pub fn open(url: &str) -> Result<Self, RecordsError> {
        let (engine, address) = parse(url)?;
        if let Some(folder) = sqlite_file(&address).and_then(|file| Some(file.parent()?.to_owned()))
        {
            std::fs::create_dir_all(&folder).map_err(|error| {
                RecordsError::Address(format!("{} can not be made: {error}", folder.display()))
            })?;
        }
        Ok(Self {
            engine,
            read: pool(engine, &address, false)?,
            write: Some(pool(engine, &address, true)?),
        })
    }

    /// For the gateway: reads only. Works before a keeper has made the database, and then says that it is not
    /// available.
    pub fn open_read(url: &str) -> Result<Self, RecordsError> {
        let (engine, address) = parse(url)?;
        Ok(Self { engine, read: pool(engine, &address, false)?, write: None })
    }
}

fn parse(url: &str) -> Result<(Engine, Url), RecordsError> {
    let address = Url::parse(url).map_err(|_| {
        RecordsError::Address(
            "expected sqlite:///path/to/file or postgres://user:password@host/name".to_owned(),
        )
    })?;
    let engine = match address.scheme() {
        "sqlite" => Engine::Sqlite,
        "postgres" | "postgresql" => Engine::Postgres,
        other => {
            return Err(RecordsError::Address(format!(
                "'{other}' is no database that the records can use: sqlite or postgres"
            )));
        }
    };
    if engine == Engine::Sqlite && sqlite_file(&address).is_none() {
        return Err(RecordsError::Address(
            "an SQLite address names a file with its whole path: sqlite:///path/to/file".to_owned(),
        ));
    }
    Ok((engine, address))
}

/// The file of an SQLite address; `None` for one in memory, which no two connections would share.
fn sqlite_file(address: &Url) -> Option<PathBuf> {
    let path = address.path();
    let is_file = address.scheme() == "sqlite" && path.starts_with('/') && path.len() > 1;
    is_file.then(|| {
        PathBuf::from(percent_encoding::percent_decode_str(path).decode_utf8_lossy().as_ref())
    })
}

fn pool(engine: Engine, address: &Url, writes: bool) -> Result<AnyPool, RecordsError> {
    sqlx::any::install_default_drivers();
    let mut address = address.clone();
    if engine == Engine::Sqlite {
        // A reader opens for writing too (and then forbids itself to write): reading a WAL database may have to
        // make its index file.
        address.set_query(Some(if writes { "mode=rwc" } else { "mode=rw" }));
    }
    let connections = match (engine, writes) {
        (Engine::Sqlite, true) => 1,
        (Engine::Postgres, true) => POSTGRES_WRITERS,
        (_, false) => READERS,
    };
    AnyPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(IDLE_TIMEOUT)
        .after_connect(move |connection, _| {
            Box::pin(async move {
                connection.execute(sqlx::raw_sql(engine.set_up(writes))).await.map(drop)
            })
        })
        .connect_lazy(address.as_str())
        .map_err(RecordsError::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_checked_before_anything_is_opened() {
        for (url, word) in [
            ("/var/lib/records.db", "expected sqlite://"),
            ("mysql://localhost/records", "'mysql'"),
            ("sqlite::memory:", "names a file"),
        ] {
            let error = parse(url).unwrap_err().to_string();
            assert!(error.contains(word), "{url}: {error}");
        }
        assert_eq!(parse("sqlite:///a/b%20c.db").unwrap().0, Engine::Sqlite);
        assert_eq!(parse("postgresql://localhost/x").unwrap().0, Engine::Postgres);
    }

    #[test]
    fn the_password_is_not_in_the_error() {
        let error = parse("mysql://user:hunter2@localhost/x").unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}
